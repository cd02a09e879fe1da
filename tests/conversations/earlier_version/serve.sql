BEGIN TRANSACTION;
CREATE TABLE conversations (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, created_at TEXT NOT NULL, held_by TEXT, title TEXT NOT NULL DEFAULT '',
    needs_person INTEGER NOT NULL DEFAULT 0, newest INTEGER NOT NULL DEFAULT 0);
INSERT INTO "conversations" VALUES('-SKCePDONDEMYp2D8OnqEZ17','visitor','2026-11-28T01:23:44.847+00:00',NULL,'I''d like to return the jeans from order 123456, my e-mail is maria.lopez@example',0,2);
CREATE TABLE ends (digest TEXT NOT NULL, conversation TEXT NOT NULL, PRIMARY KEY (digest, conversation));
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, conversation TEXT NOT NULL REFERENCES conversations (id), id TEXT NOT NULL,
    speaker TEXT NOT NULL, text TEXT NOT NULL, at TEXT NOT NULL, details TEXT NOT NULL, answered INTEGER NOT NULL,
    UNIQUE (conversation, id));
INSERT INTO "entries" VALUES(1,'-SKCePDONDEMYp2D8OnqEZ17','c666ca6cedaf4ba0ba827e38f4bba3b5','customer','I''d like to return the jeans from order 123456, my e-mail is maria.lopez@example.com','2026-11-28T01:23:44.908+00:00','{}',1);
INSERT INTO "entries" VALUES(2,'-SKCePDONDEMYp2D8OnqEZ17','249de1f3-50d8-4a12-b049-bf710c0dbe09','bot','Thank you, I found order 123456, delivered on November 22, 2026:
- 1 × Straight-Leg Jeans, dark blue, W31 L32 ($59.90)
- 2 × Organic Cotton T-Shirt, white, M ($19.95 each)
- 1 × Wool Scarf, grey ($24.00), final sale

Here is what I would arrange for order 123456:
- 1 × Straight-Leg Jeans, dark blue, W31 L32: $59.90
Refund: $59.90, to your original payment method. A free return label would go to the e-mail address on your order.

If there is anything else to send back, just name it. Otherwise: shall I request the return label? Please answer yes or no.','2026-11-28T01:23:46.456+00:00','{"awaiting": "confirmation", "question": "2188933c13cd4ea8a83a8158f1e44249", "plan": [{"step": "ask for the order number", "done": true}, {"step": "ask for the e-mail address", "done": true}, {"step": "check that both belong together", "done": true}, {"step": "look the order up", "done": true}, {"step": "ask which items", "done": true}, {"step": "check the return rules and the refund", "done": true}, {"step": "arrange the return", "done": false}]}',1);
CREATE TABLE told (conversation TEXT PRIMARY KEY, seq INTEGER NOT NULL);
CREATE TABLE turns (
    conversation TEXT NOT NULL, message TEXT NOT NULL, at TEXT NOT NULL, ms REAL NOT NULL, engine TEXT NOT NULL,
    outcome TEXT NOT NULL, cost REAL NOT NULL, trace TEXT NOT NULL, PRIMARY KEY (conversation, message));
INSERT INTO "turns" VALUES('-SKCePDONDEMYp2D8OnqEZ17','c666ca6cedaf4ba0ba827e38f4bba3b5','2026-11-28T01:23:46.460+00:00',1.54339712900400627404e+03,'planner','answered',0.0,'{"thought": "I read give order number (1.00), choose items (1.00), give email (1.00), want return (1.00). The plan''s next step is arrange return.", "actions": [{"name": "pursue", "args": {"goal": "arrange_return"}, "status": "ok", "observation": "The goal is now arrange_return.", "thought": "I read give order number (1.00), choose items (1.00), give email (1.00), want return (1.00). That calls for pursue."}, {"name": "take_order_number", "args": {"order_number": "123456"}, "status": "ok", "observation": "Order number 123456 noted, not checked yet.", "thought": "I read give order number (1.00), choose items (1.00), give email (1.00), want return (1.00). That calls for take order number."}, {"name": "take_email", "args": {"email": "maria.lopez@example.com"}, "status": "ok", "observation": "E-mail address noted, not checked yet.", "thought": "I read give order number (1.00), choose items (1.00), give email (1.00), want return (1.00). That calls for take email."}, {"name": "choose_items", "args": {"items": [{"words": "jeans", "quantity": null, "leave_out": false}], "add": false}, "status": "ok", "observation": "Noted. check_return finds the items in the order.", "thought": "I read give order number (1.00), choose items (1.00), give email (1.00), want return (1.00). That calls for choose items."}, {"name": "verify_customer", "args": {}, "status": "ok", "observation": "They belong together.", "thought": "I read give order number (1.00), choose items (1.00), give email (1.00), want return (1.00). The plan''s next step is verify customer."}, {"name": "look_up_order", "args": {}, "status": "ok", "observation": "Order 123456, delivered, delivered 2026-11-22T12:51:00+00:00: 1 \u00d7 Straight-Leg Jeans, dark blue, W31 L32 at 5990 cents; 2 \u00d7 Organic Cotton T-Shirt, white, M at 1995 cents; 1 \u00d7 Wool Scarf, grey at 2400 cents", "thought": "I read give order number (1.00), choose items (1.00), give email (1.00), want return (1.00). The plan''s next step is look up order."}, {"name": "check_return", "args": {}, "status": "ok", "observation": "Can be returned: 1 \u00d7 Straight-Leg Jeans, dark blue, W31 L32; refund 5990 cents.", "thought": "I read give order number (1.00), choose items (1.00), give email (1.00), want return (1.00). The plan''s next step is check return."}], "plan": [{"step": "ask for the order number", "done": true}, {"step": "ask for the e-mail address", "done": true}, {"step": "check that both belong together", "done": true}, {"step": "look the order up", "done": true}, {"step": "ask which items", "done": true}, {"step": "check the return rules and the refund", "done": true}, {"step": "arrange the return", "done": false}]}');
CREATE INDEX conversations_newest ON conversations (newest);
CREATE INDEX entries_of_conversation ON entries (conversation, seq);
CREATE INDEX entries_unanswered ON entries (conversation) WHERE answered = 0;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('entries',2);
COMMIT;
