#!/usr/bin/env bash
# Run once, when the container is built: an environment of its own with Python >= 3.11, and in it what requirements.txt names.
set -euo pipefail
root=${AUTOGRADER:-/autograder}

recent() {
    local python
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
            echo "$python"
            return
        fi
    done
    return 1
}

if ! python=$(recent); then
    apt-get update
    # Where the image's own Python is too old there is a second one; where it is recent, it lacks venv.
    apt-get install -y python3.11 python3.11-venv || apt-get install -y python3 python3-venv
    python=$(recent) || { echo "backprop-check needs Python >= 3.11: choose a more recent base image." >&2; exit 1; }
fi

"$python" -m venv "$root/venv"
"$root/venv/bin/python" -m pip install --requirement "$root/source/requirements.txt"
# For who reads the build's log: what submissions are confined with here.
"$root/venv/bin/backprop-check" doctor
