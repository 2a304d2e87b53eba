"""`--aml-record`: what a run read, as a world that can be run against again."""
