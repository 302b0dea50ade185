"""Child processes: started under a keeper, ended with their parent, and whose a listening port is."""
