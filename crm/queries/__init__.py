"""What the pages of the sales side read; nothing here changes anything."""
