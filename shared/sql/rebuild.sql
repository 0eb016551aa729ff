-- Rebuilding read models.

-- name: has_handled
SELECT EXISTS (SELECT FROM inbox) OR EXISTS (SELECT FROM consumed_positions)
