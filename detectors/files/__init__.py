"""Tables from files: CSV and Parquet, read in bounded batches."""
