-- What every node must know, written in the transaction that made it so: each node reads what the others wrote. Adds
-- only, so that the version before keeps running. Its changes are told as well, but for places in inboxes, which the log
-- writes itself: whoever a node of the version before adds to a room hears so with their next connection.

CREATE TABLE klatch.words (
  id      bigserial PRIMARY KEY,
  -- By which a node tells what it has not seen yet, in whatever order transactions end.
  xid     xid8 NOT NULL DEFAULT pg_current_xact_id(),
  at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Who said it: a node calls its connections by its own name.
  node    text NOT NULL DEFAULT current_setting('application_name', true),
  kind    text NOT NULL,
  -- The user or the room it is about.
  subject uuid NOT NULL,
  seq     bigint,
  family  uuid
);
CREATE INDEX words_by_xid ON klatch.words (xid);

CREATE FUNCTION klatch.tell_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO klatch.words (kind, subject) VALUES (
    CASE WHEN NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL THEN 'user_deleted'
         WHEN NEW.banned_at IS NOT NULL AND OLD.banned_at IS DISTINCT FROM NEW.banned_at THEN 'user_banned'
         WHEN OLD.tokens_from IS DISTINCT FROM NEW.tokens_from THEN 'user_signed_out'
         ELSE 'user_changed' END, NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER users_tell
  AFTER UPDATE OF username, display_name, avatar_url, is_admin, banned_at, deleted_at, tokens_from ON klatch.users
  FOR EACH ROW EXECUTE FUNCTION klatch.tell_of_user();

-- Who only claimed this name so far has it no more.
CREATE FUNCTION klatch.tell_of_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO klatch.words (kind, subject) VALUES ('user_signed_out', NEW.user_id);
  RETURN NULL;
END $$;
CREATE TRIGGER accounts_tell AFTER INSERT ON klatch.accounts
  FOR EACH ROW EXECUTE FUNCTION klatch.tell_of_account();

CREATE FUNCTION klatch.tell_of_sign_in() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO klatch.words (kind, subject, family) VALUES ('sign_in_ended', NEW.user_id, NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER token_families_tell AFTER UPDATE OF ended_at ON klatch.token_families
  FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL)
  EXECUTE FUNCTION klatch.tell_of_sign_in();

CREATE FUNCTION klatch.tell_of_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO klatch.words (kind, subject) VALUES (TG_ARGV[0], NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER rooms_tell_made AFTER INSERT ON klatch.rooms
  FOR EACH ROW WHEN (NEW.kind = 'public') EXECUTE FUNCTION klatch.tell_of_room('room_made');
-- Not of head_seq, which moves with every message.
CREATE TRIGGER rooms_tell_changed
  AFTER UPDATE OF slug, name, topic, archived_at, slow_mode_s, rights, deleted_at ON klatch.rooms
  FOR EACH ROW EXECUTE FUNCTION klatch.tell_of_room('room_changed');

CREATE FUNCTION klatch.tell_of_retention() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO klatch.words (kind, subject, seq) VALUES ('room_retired', NEW.id, NEW.first_seq - 1);
  RETURN NULL;
END $$;
CREATE TRIGGER rooms_tell_retired AFTER UPDATE OF first_seq ON klatch.rooms
  FOR EACH ROW EXECUTE FUNCTION klatch.tell_of_retention();
