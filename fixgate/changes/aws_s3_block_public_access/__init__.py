"""Block public access to an S3 bucket."""
