"""Lists of wanted persons of police, courts and international bodies: cards, tables, pages of one person."""
