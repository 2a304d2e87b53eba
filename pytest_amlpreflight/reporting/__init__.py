"""What is said and where: terminal, JUnit, explanations. Nothing here reads from Azure."""
