"""The books: what documents post, entered once, added up, closed month by month, handed to accountants."""
