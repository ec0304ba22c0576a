"""Reference pages in English and Chinese, made from the code: states, errors, rights."""
