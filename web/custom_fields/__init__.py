"""Custom fields in pages: in forms, on record pages, in the words of both languages."""
