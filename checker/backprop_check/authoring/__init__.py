"""What authors of exercises need: `dev check` holds every exercise and its solution to the contract, and makes mutants of solutions."""
