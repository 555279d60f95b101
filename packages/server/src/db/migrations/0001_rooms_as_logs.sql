-- Rooms are logs of entries. Every table of the hot path carries room_id, so that it can be distributed by it.

CREATE TABLE klatch.users (
  id           uuid PRIMARY KEY,
  username     text NOT NULL,
  username_key text NOT NULL UNIQUE,
  display_name text NOT NULL,
  created_at   timestamptz NOT NULL
);

-- The one place where a name is taken: 'slug:general', 'dm:<lower id>:<higher id>'.
CREATE TABLE klatch.room_names (
  name    text PRIMARY KEY,
  room_id uuid NOT NULL
);

CREATE TABLE klatch.rooms (
  id            uuid PRIMARY KEY,
  kind          text NOT NULL CHECK (kind IN ('public', 'private', 'group', 'direct', 'broadcast', 'inbox')),
  slug          text,
  name          text NOT NULL,
  topic         text NOT NULL DEFAULT '',
  created_by    uuid,
  created_at    timestamptz NOT NULL,
  deleted_at    timestamptz,
  head_seq      bigint NOT NULL DEFAULT 0,
  first_seq     bigint NOT NULL DEFAULT 1,
  message_count bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE INDEX rooms_public ON klatch.rooms (slug) WHERE kind = 'public' AND deleted_at IS NULL;

CREATE TABLE klatch.members (
  room_id      uuid NOT NULL,
  user_id      uuid NOT NULL,
  role         text NOT NULL CHECK (role IN ('owner', 'admin', 'moderator', 'member', 'reader')),
  joined_seq   bigint NOT NULL,
  read_seq     bigint NOT NULL DEFAULT 0,
  read_ordinal bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (room_id, user_id)
);
CREATE INDEX members_of_user ON klatch.members (user_id);

-- An entry is written once, but for a message's current state, which changes in the transaction
-- that appends the entry that changed it.
CREATE TABLE klatch.entries (
  room_id   uuid NOT NULL,
  seq       bigint NOT NULL,
  kind      text NOT NULL,
  author_id uuid NOT NULL,
  at        timestamptz NOT NULL,
  client_id text,
  ordinal   bigint,
  target    bigint,
  content   text,
  reply_to  bigint,
  thread_id bigint,
  edited_at  timestamptz,
  deleted_at timestamptz,
  data      jsonb,
  PRIMARY KEY (room_id, seq)
) WITH (fillfactor = 95);
CREATE UNIQUE INDEX entries_client_id ON klatch.entries (room_id, author_id, client_id) WHERE client_id IS NOT NULL;

-- What retention removes leaves its client_id behind: the same client_id gives the same ack for ever.
CREATE TABLE klatch.retired_client_ids (
  room_id   uuid NOT NULL,
  author_id uuid NOT NULL,
  client_id text NOT NULL,
  seq       bigint NOT NULL,
  at        timestamptz NOT NULL,
  PRIMARY KEY (room_id, author_id, client_id)
);

INSERT INTO klatch.rooms (id, kind, name, created_at)
VALUES ('00000000-0000-7000-8000-00000000b0ad', 'broadcast', 'broadcast', now());
