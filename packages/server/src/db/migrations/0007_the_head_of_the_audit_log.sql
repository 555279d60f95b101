-- How long the audit log is and its newest hash, kept outside of it: what is cut off its end shows. Adds only; rows of
-- a version before this one are past the head until the next row of this one.
INSERT INTO klatch.secrets (name, value, created_at)
SELECT 'audit_head',
  int8send(coalesce((SELECT max(id) FROM klatch.audit), 0)) ||
  coalesce((SELECT hash FROM klatch.audit ORDER BY id DESC LIMIT 1), decode(repeat('00', 32), 'hex')),
  now()
ON CONFLICT DO NOTHING;
