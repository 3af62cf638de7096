"""The formats other people's systems read, one file each; `table.FORMATS` lists them. All are made from `Result` records."""
