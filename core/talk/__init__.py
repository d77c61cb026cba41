"""What people say to each other about records, who follows them, and the files they put beside them."""
