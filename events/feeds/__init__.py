"""Files and feeds read in: one module per format.

Each has a plain function from text to `Parsed` rows: nothing here knows the
database. What is wrong with a row is said with its line, and the row left out.
"""
