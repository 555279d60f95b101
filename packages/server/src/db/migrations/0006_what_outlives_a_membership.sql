-- What outlives a membership: a mute, and that someone may only read. Adds only, so that the version before keeps
-- running.

-- Of those who left or were removed: who comes back is what they were.
CREATE TABLE klatch.past_members (
  room_id     uuid NOT NULL,
  user_id     uuid NOT NULL,
  is_reader   boolean NOT NULL,
  muted_until timestamptz,
  PRIMARY KEY (room_id, user_id)
);
CREATE INDEX past_members_of_user ON klatch.past_members (user_id);

-- Made by an administrator's token or a back end's key where the member themselves could not: it asks for no membership.
ALTER TABLE klatch.invites ADD COLUMN by_admin boolean NOT NULL DEFAULT false;
