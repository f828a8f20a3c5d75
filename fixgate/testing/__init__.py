"""What the project's tests stand on, for those who build on it too."""
