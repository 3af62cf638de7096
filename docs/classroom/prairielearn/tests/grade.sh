#!/bin/bash
# Grade /grade/student against the exercise $1 and write /grade/results/results.json, whatever happens.
set -uo pipefail
root=${GRADE:-/grade}
mkdir -p "$root/results" "$root/student"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

if said=$(backprop-check grade "$root/student" --single --exercise "$1" --format prairielearn --out graded 2>&1 > /dev/null); then
    cp graded/prairielearn.json "$root/results/results.json"
else
    # Not gradable: what the grader itself could not do costs no attempt.
    python3 - "$(tail -n 1 <<< "$said")" > "$root/results/results.json" << 'END'
import json, sys
said = "The grader itself failed, and this says nothing about your answer. Please tell the course staff. It said: " + sys.argv[1]
print(json.dumps({"gradable": False, "score": 0.0, "message": said, "format_errors": [said]}))
END
fi
