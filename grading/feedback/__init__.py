"""What students get back: `card` sums up, `page` makes the page, `pages` many at a time."""
