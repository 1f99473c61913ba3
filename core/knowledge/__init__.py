"""What characters know of documents: reading them, cutting them into pieces, keeping up with them."""
