"""What is owed by age, statements of account, and letters that ask for it."""
