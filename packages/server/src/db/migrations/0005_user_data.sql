-- What is kept of a user, told and taken out. Adds only, so that the version before keeps running.

-- When all of a user's data was last handed out.
ALTER TABLE klatch.users ADD COLUMN exported_at timestamptz;

-- Whose data are being taken out: what is left to do is found again after a crash.
CREATE TABLE klatch.deletions (
  user_id     uuid PRIMARY KEY,
  began_at    timestamptz NOT NULL,
  -- Rooms up to this one are done.
  room_cursor uuid NOT NULL,
  -- How often all rooms were gone through.
  rounds      int NOT NULL DEFAULT 0,
  finished_at timestamptz
);
CREATE INDEX deletions_unfinished ON klatch.deletions (user_id) WHERE finished_at IS NULL;

-- Acts upon someone, and tries in their name.
CREATE INDEX audit_by_target ON klatch.audit (target, id);
CREATE INDEX audit_by_tried_name ON klatch.audit (actor, id) WHERE actor_id IS NULL;
