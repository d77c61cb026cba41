"""The tool that cuts the fonts of printed documents out of Noto Sans CJK."""
