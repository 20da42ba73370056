BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'cockpit-evidence','0001-tables','2026-01-05 12:00:00+00:00');
CREATE TABLE acks (
        problem TEXT PRIMARY KEY, actor TEXT NOT NULL, note TEXT NOT NULL, at TEXT NOT NULL,
        probes TEXT NOT NULL
    ) WITHOUT ROWID;
CREATE TABLE artefacts (
        digest TEXT PRIMARY KEY, media_type TEXT NOT NULL, size INTEGER NOT NULL,
        body BLOB NOT NULL, first_seen TEXT NOT NULL
    );
INSERT INTO "artefacts" VALUES('abababababababababababababababababababababababababababababababab','text/plain',3,X'789C4B4C4A0600024D0127','2026-01-05T12:00:00.000000Z');
CREATE TABLE bodies (
        id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, headline TEXT NOT NULL,
        body BLOB NOT NULL
    );
INSERT INTO "bodies" VALUES(1,'aed35e6d71c294b229249608e6187677b7f02b03b7e08ecfb78b11530e555ac7','8001 OK',X'789CA551C16AC3300CFD95A073602DBB8CDC771A2CB00D7A28A5C8B1D26949ED603B6BB3907F9FE4A6A71D870FF693DF7B7AB26718823704150C3EA4082574ECACC09E632247412AD8B6D4C85D05617482BF29586E92E0FA45E027A1EDD9A9C7D366B32D72B11517762711ED67E8685A2FFFAAE368BE28C36A2524BA2AF48E0A7FB925489C7AF5FFD8D545BD7B7D7E7B97628363BC07BF6B9D688F98ED3404E6D873A6DCFC4BC89E9A0B5028060ECB72901D23676AF44D47AADA2E25583F1A3DEF858121D16A2823393C6BEF40433F898DE51345ED8AE67F4BBCCE64198F691AB4813EC6C3D023EBC347FE91DAA3E6959F30DE773AE7F20B98DB910E');
INSERT INTO "bodies" VALUES(2,'d4ce4553a8430913a1aa3a937a408633ed0e0b20062d6b22675c63757d70600c','8001 FAIL',X'789C6D50CB0AC23010FC95B2E71EEC4D7AF3A0208805153C8848D26E35A62425497D50FAEFEEA6EDCD5332B333B3C3F6D03A2B117268AD0B1E52D0CA54041BE5031A74C488BAC6926639B8CE107EA1AB5419086F56DB1D110F1455A30CA72C178B2C99E89A9294B993F1D283C6EF34FE97E03BF9C448E49324E087A13598D8F7D823A8D0F08ED3B9488AF37E7D3812598ACECFF567AF21EF4DC438AE2162F93E4AC6FC1462263703411209D761B8D22BBC8A526F4B8DECCA86142ADB49FE5F48215CC02990211D445AAB79D1F00380736590');
INSERT INTO "bodies" VALUES(3,'32433d13bce30a2ae89d49c8d7f7e6a23a6d4c49d545905bd7c0b96f0ee86c68','8001 OK',X'789C65904B0B83301084FF8AECD983DE8AF79E0A15DA420F2225D1B54D9544F2E803F1BF7737EAA9A7647667BE0C9960B4462214301AEB1DA4D02BDD921C94F3A8D1D244741D36B42BC0064DFA85B6558D275D1E483E50B483D2CCD865599EC4614714A5EF14AA26E8F1BB2EFFD32EC8274659AC068F1F96466362DE4B03AFFCC0FCCBB54CCAEB717F3AD3B011C16DC5B7ACA6EC4D441C9710B1F6142D0B3F85C8E45E20C822A19EE79A4EE154B43AD3F4C8A97C4EA13541F2BD2287B01E57204BFA0A694CCF0FCD3F6B1F640A');
INSERT INTO "bodies" VALUES(4,'83fa908131586d7daf3b6accc7b82c92fc1c3b9cf21a9bbe2b346b6ba5c03644','8001 OK',X'789C65904B0F82301084FF0AD93307BD19EE9E4C2451130EC4982D2C5A212DE9C34708FFDDDD8A274F658699AF934E303AAB080AC051430EBD362D8B41FB40861C3BD875D404CFA68B86F5835CAB9BC0BADCB1BC11B6833642D8AC56EB2C991D53B4B972A99EA0A7F7F2F3BFEDA3BA5392C51208F412690D65F6F95D107418847FAACAACACF6DBC391CD06A31773B42EFCBA86BB174C38198169F694225F7E0E8929BB0039A2E03CCF673ED1EB14F5B6E9495AEB3987D64625DF3527D0055A8022F92994B5BD5C347F002CE3630C');
CREATE TABLE body_artefacts (
        body INTEGER NOT NULL REFERENCES bodies (id), digest TEXT NOT NULL,
        PRIMARY KEY (body, digest)
    ) WITHOUT ROWID;
INSERT INTO "body_artefacts" VALUES(1,'abababababababababababababababababababababababababababababababab');
CREATE TABLE current (
        probe TEXT PRIMARY KEY, observation INTEGER NOT NULL,
        body INTEGER NOT NULL REFERENCES bodies (id),
        observed_at TEXT NOT NULL, valid_until TEXT NOT NULL, duration REAL NOT NULL,
        metrics TEXT NOT NULL, since TEXT NOT NULL, finding_since TEXT NOT NULL,
        source TEXT NOT NULL
    );
INSERT INTO "current" VALUES('ports',3,3,'2026-01-05T12:00:10.000000Z','2026-01-05T12:00:40.000000Z',0.25,'{"owners":1.0}','2026-01-05T12:00:10.000000Z','{"8001":"2026-01-05T12:00:10.000000Z"}','collector');
INSERT INTO "current" VALUES('api',4,4,'2026-01-05T12:00:10.000000Z','2026-01-05T12:00:40.000000Z',0.25,'{"owners":1.0}','2026-01-05T12:00:10.000000Z','{"8001":"2026-01-05T12:00:10.000000Z"}','collector');
CREATE TABLE events (
        seq INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, probe TEXT NOT NULL,
        subject TEXT NOT NULL, text TEXT NOT NULL, verdict TEXT, actor TEXT NOT NULL,
        ticket TEXT NOT NULL, data TEXT NOT NULL, source TEXT NOT NULL,
        prev_hash TEXT NOT NULL, hash TEXT NOT NULL
    );
INSERT INTO "events" VALUES(1,'2026-01-05T12:00:05.000000Z','transition','ports','ports','OK → FAIL: 8001 FAIL','FAIL','ops@spark','','{}','collector','aa925b84613386c4979939724a50c6e6f4931ce6489c9e380532fb3423ad79ff','15e1cbeae50333f1e1d808effc44a8752b401e1064452c5cbb51b4a09202ca51');
INSERT INTO "events" VALUES(2,'2026-01-05T12:00:05.000000Z','transition','ports',':8001','OK → FAIL: one owner','FAIL','ops@spark','','{}','collector','15e1cbeae50333f1e1d808effc44a8752b401e1064452c5cbb51b4a09202ca51','e5d900e81e039afac338399fcfaa1472f1e594af54a4f701f6f18ccf5e4cc3ae');
INSERT INTO "events" VALUES(3,'2026-01-05T12:00:05.000000Z','ack','ports',':8001','acknowledged TWO OWNERS: known','FAIL','ann@spark','','{"note":"known","problem":"port:8001"}','operator','e5d900e81e039afac338399fcfaa1472f1e594af54a4f701f6f18ccf5e4cc3ae','e703f259b233d431fee1c244d4cb39cac5401aa0fd8c9b9a94db06d060aa634c');
INSERT INTO "events" VALUES(4,'2026-01-05T12:00:10.000000Z','transition','ports','ports','FAIL → OK: 8001 OK','OK','ops@spark','','{}','collector','e703f259b233d431fee1c244d4cb39cac5401aa0fd8c9b9a94db06d060aa634c','b157f5e760a56a21cf0972f5499e6e036993b72f5940e13c50e27fd156cfcf06');
INSERT INTO "events" VALUES(5,'2026-01-05T12:00:10.000000Z','transition','ports',':8001','FAIL → OK: one owner','OK','ops@spark','','{}','collector','b157f5e760a56a21cf0972f5499e6e036993b72f5940e13c50e27fd156cfcf06','c12424550d0929579e75c68db9980d1d8f4ec52346f5cdbce9961d4055647bd5');
INSERT INTO "events" VALUES(6,'2026-01-05T12:00:10.000000Z','ack','ports','port:8001','problem gone, acknowledgement by ann@spark ends',NULL,'ops@spark','','{"problem":"port:8001"}','collector','c12424550d0929579e75c68db9980d1d8f4ec52346f5cdbce9961d4055647bd5','c882663c14b6c00cf9c9d6d6bb3afc123e5964a45dd7815a672f9e03d5f32be4');
INSERT INTO "events" VALUES(7,'2026-01-05T12:00:10.000000Z','config','','','größer ✖',NULL,'ops@spark','','{"half":0.5,"n":1,"none":null,"words":["a","b"]}','collector','c882663c14b6c00cf9c9d6d6bb3afc123e5964a45dd7815a672f9e03d5f32be4','b67809b17435a0d8208ac7a58c1d84065b56dd7be41412e507226c88ca8b62f2');
INSERT INTO "events" VALUES(8,'2026-01-05T12:01:10.000000Z','gap','','watch','not watching 2026-01-05T12:00:10Z – 2026-01-05T12:01:10Z',NULL,'ops@spark','','{"end":"2026-01-05T12:01:10Z","start":"2026-01-05T12:00:10Z"}','lease','b67809b17435a0d8208ac7a58c1d84065b56dd7be41412e507226c88ca8b62f2','cc2148aa142195e6d785a0097d45aa779a06a156da63273da99f6609e5d401cd');
INSERT INTO "events" VALUES(9,'2026-01-05T12:01:10.000000Z','edit','master','master','set todo → done: P1.1',NULL,'ops@spark','','{"act":"aa11","after":"- [x] P1.1 one \u26a0 and tabs","batch":"bb22","before":"- [ ] P1.1 one \u26a0 and tabs","edit":"{\"path\":\"/srv/paper/MASTER.md\",\"changed\":true,\"status_before\":\"todo\",\"status_after\":\"done\",\"marker_before\":\" \",\"marker_after\":\"x\",\"line\":3,\"offset\":11,\"line_before\":\"- [ ] P1.1 one \\u26a0\\ufe0f and\\ttabs\",\"line_after\":\"- [x] P1.1 one \\u26a0\\ufe0f and\\ttabs\",\"method\":\"lease\",\"sha256_before\":\"f894896df91f497e434abb98df3f102ad5b164e6958e77d31100a4ef7ef5cc78\",\"sha256_after\":\"d14281de3c75579f0b79f21828259a6425b694bbe7c964407560414cc212e05b\",\"anchor\":{\"form\":\"box\",\"status\":\"done\",\"text\":\"P1.1 one \\u26a0\\ufe0f and tabs\",\"section\":[\"Plan\"],\"line\":3,\"before\":\"\",\"after\":\"box: P1.2 two\",\"above\":\"414320268f5985be38002c29\",\"same_text\":1,\"same_section\":1,\"same_place\":1}}","file":"/srv/paper/MASTER.md","from":"todo","head":null,"item":"cdc513a0ec02be1f","line":3,"method":"lease","offset":11,"reason":"","sha256_after":"d14281de3c75579f0b79f21828259a6425b694bbe7c964407560414cc212e05b","sha256_before":"f894896df91f497e434abb98df3f102ad5b164e6958e77d31100a4ef7ef5cc78","to":"done"}','collector','cc2148aa142195e6d785a0097d45aa779a06a156da63273da99f6609e5d401cd','898462ffce5c8e617c07e47a83303b2da9fd0c323c0ff74beb74a1bc62ac4ec6');
INSERT INTO "events" VALUES(10,'2026-01-05T12:01:10.000000Z','note','master','master','note: waiting',NULL,'ops@spark','','{"act":"aa12","file":"/srv/paper/MASTER.md","hunk":"{\"what\":\"note\",\"path\":\"/srv/paper/MASTER.md\",\"anchor\":{\"form\":\"box\",\"status\":\"done\",\"text\":\"P1.1 one \\u26a0\\ufe0f and tabs\",\"section\":[\"Plan\"],\"line\":3,\"before\":\"\",\"after\":\"box: P1.2 two\",\"above\":\"414320268f5985be38002c29\",\"same_text\":1,\"same_section\":1,\"same_place\":1},\"lines\":[\"  - waiting for \\u26a0\\ufe0f data\"],\"removed\":false,\"nth\":1,\"of\":1}","item":"cdc513a0ec02be1f","note":"waiting"}','collector','898462ffce5c8e617c07e47a83303b2da9fd0c323c0ff74beb74a1bc62ac4ec6','5fad717657f065d0df1eb5e0c74ad038bb326aacdf85a5d9ca0c6a33c6563a98');
INSERT INTO "events" VALUES(11,'2026-01-05T12:01:10.000000Z','mirror','master','','not written yet',NULL,'ops@spark','','{"file":"/srv/paper/MASTER.md","intent":"{\"mirror\":\"/srv/paper/READY.md\",\"id\":\"P1.1\",\"text\":\"P1.1 one\",\"to\":\"done\"}","state":"intended"}','collector','5fad717657f065d0df1eb5e0c74ad038bb326aacdf85a5d9ca0c6a33c6563a98','7ee1e20f64bc60c4087324b8ccc81327ab5026680b1a20c88d4ecbfc0bf5183f');
CREATE TABLE lease (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        pid INTEGER NOT NULL, started_at REAL NOT NULL, host TEXT NOT NULL,
        actor TEXT NOT NULL, kind TEXT NOT NULL,
        taken_at TEXT NOT NULL, beat_at TEXT NOT NULL, beats INTEGER NOT NULL, released_at TEXT
    );
INSERT INTO "lease" VALUES(1,4413,1.5,'spark','ops@spark','collect','2026-01-05T12:01:10.000000Z','2026-01-05T12:01:10.000000Z',0,NULL);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('cap_bytes','536870912');
INSERT INTO "meta" VALUES('chain_first','1');
INSERT INTO "meta" VALUES('chain_hash','7ee1e20f64bc60c4087324b8ccc81327ab5026680b1a20c88d4ecbfc0bf5183f');
INSERT INTO "meta" VALUES('chain_seq','11');
INSERT INTO "meta" VALUES('created_at','2026-01-05T12:00:00.000000Z');
INSERT INTO "meta" VALUES('store_id','53323e19a23e50f197aa1161ef3980d2');
CREATE TABLE observations (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        probe TEXT NOT NULL, at TEXT NOT NULL, valid_until TEXT NOT NULL, verdict TEXT NOT NULL,
        body INTEGER NOT NULL REFERENCES bodies (id), duration REAL NOT NULL,
        metrics TEXT NOT NULL, source TEXT NOT NULL
    );
INSERT INTO "observations" VALUES(1,'ports','2026-01-05T12:00:00.000000Z','2026-01-05T12:00:30.000000Z','OK',1,0.25,'{"owners":1.0}','collector');
INSERT INTO "observations" VALUES(2,'ports','2026-01-05T12:00:05.000000Z','2026-01-05T12:00:35.000000Z','FAIL',2,0.25,'{"owners":1.0}','collector');
INSERT INTO "observations" VALUES(3,'ports','2026-01-05T12:00:10.000000Z','2026-01-05T12:00:40.000000Z','OK',3,0.25,'{"owners":1.0}','collector');
INSERT INTO "observations" VALUES(4,'api','2026-01-05T12:00:10.000000Z','2026-01-05T12:00:40.000000Z','OK',4,0.25,'{"owners":1.0}','collector');
CREATE TABLE policy (probe TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "policy" VALUES('api','{"acked_by":"","bad":false,"changes":[],"flapping":false,"hard":false,"silenced_by":"","silent_until":null,"since":"2026-01-05T12:00:10Z","streak":1,"told":null}');
INSERT INTO "policy" VALUES('ports','{"acked_by":"ann@spark","bad":false,"changes":["2026-01-05T12:00:05Z","2026-01-05T12:00:10Z"],"flapping":false,"hard":false,"silenced_by":"","silent_until":null,"since":"2026-01-05T12:00:10Z","streak":1,"told":null}');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX observations_by_probe ON observations (probe, at);
CREATE INDEX observations_by_at ON observations (at);
CREATE INDEX observations_by_body ON observations (body);
CREATE INDEX current_by_body ON current (body);
CREATE INDEX events_by_kind ON events (kind, seq);
CREATE INDEX events_by_probe ON events (probe, seq);
CREATE INDEX body_artefacts_by_digest ON body_artefacts (digest);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('observations',4);
COMMIT;
