-- The edge's own tables: saved replies and the audit trail.

-- name: claim_key
-- A twin that runs now waits here until the first one ends; null when the key is taken.
INSERT INTO idempotency_keys (subject, method, route, key, fingerprint)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
RETURNING true;

-- name: saved_reply
SELECT fingerprint, status, body, etag
FROM idempotency_keys
WHERE subject = $1 AND method = $2 AND route = $3 AND key = $4;

-- name: save_reply
-- With the line of the trail, in one round trip.
WITH saved AS (
    UPDATE idempotency_keys SET status = $5, body = $6, etag = $7
    WHERE subject = $1 AND method = $2 AND route = $3 AND key = $4
), line AS (
    INSERT INTO audit (actor, action, object, outcome, trace_id, request_id, fields, before, after)
    VALUES ($8, $9, $10, $11, $12, $13, $14, CASE WHEN $18 THEN audited_before($10, $15) ELSE $15 END, $16)
    RETURNING id
)
INSERT INTO audit_salts (audit_id, salt, about) SELECT id, $17, $19::uuid[] FROM line WHERE $17::bytea IS NOT NULL;

-- name: prune_keys
WITH gone AS (DELETE FROM idempotency_keys WHERE created_at < now() - make_interval(hours => $1) RETURNING 1)
SELECT count(*) FROM gone;

-- name: append_audit
WITH line AS (
    INSERT INTO audit (actor, action, object, outcome, trace_id, request_id, fields, before, after)
    VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $11 THEN audited_before($3, $8) ELSE $8 END, $9)
    RETURNING id
)
INSERT INTO audit_salts (audit_id, salt, about) SELECT id, $10, $12::uuid[] FROM line WHERE $10::bytea IS NOT NULL;

-- name: salt_of
SELECT a.after, s.salt FROM audit AS a LEFT JOIN audit_salts AS s ON s.audit_id = a.id WHERE a.id = $1;

-- name: forget_salts
DELETE FROM audit_salts WHERE about && $1::uuid[];

-- name: chain_head
SELECT seq, audit_id, xid::text AS xid, hash FROM audit_chain ORDER BY seq DESC LIMIT 1;

-- name: hash_at
SELECT hash FROM audit_chain WHERE seq = $1;

-- name: chain_length
SELECT coalesce(max(seq), 0) FROM audit_chain;

-- name: unsealed_audit
-- Rows after the last sealed one whose transaction is older than every running one.
SELECT id, xid::text AS xid, at, actor, action, object, outcome, trace_id, request_id, fields, before, after
FROM audit
WHERE (xid, id) > ($1::text::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY audit.xid, audit.id -- the columns, not the text of the same name above
LIMIT $3;

-- name: append_chain
INSERT INTO audit_chain (seq, audit_id, xid, hash)
SELECT seq, audit_id, xid::xid8, hash
FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[]) AS link (seq, audit_id, xid, hash);

-- name: sealed_audit
SELECT c.seq, c.hash, c.audit_id, a.id, a.xid::text AS xid, a.at, a.actor, a.action, a.object, a.outcome, a.trace_id,
       a.request_id, a.fields, a.before, a.after
FROM audit_chain AS c
LEFT JOIN audit AS a ON a.id = c.audit_id AND a.xid = c.xid
WHERE c.seq > $1
ORDER BY c.seq
LIMIT $2;

-- name: first_seq_after_stranger
-- A row that lies before the chain's end and is not in the chain was put there afterwards.
SELECT min(c.seq)
FROM audit_chain AS c
WHERE (c.xid, c.audit_id) > (
    SELECT a.xid, a.id
    FROM audit AS a
    WHERE NOT EXISTS (SELECT FROM audit_chain AS link WHERE link.audit_id = a.id)
    ORDER BY a.xid, a.id
    LIMIT 1
);
