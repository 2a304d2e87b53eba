"""What follows from facts and dated tables. Nothing here was read from anywhere else."""
