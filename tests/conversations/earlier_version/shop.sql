-- What seals in the conversations rest on.
INSERT OR REPLACE INTO salts (name, value) VALUES ('seal', '3469b78575750277680949f2fdec1686bd3d7e635ec5e941fae4c97a95734537');
