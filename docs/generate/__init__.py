"""What the site is made of besides its pages: hooks of mkdocs, tables from the code, the picture of the terminal."""
