"""What lists of products, stock, its moves and papers, and shipments are made of."""
