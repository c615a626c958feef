"""Games: for each, a check, a solver, and one replayer that shares no code with the solvers."""
