-- The second wall: what someone asks for is read by a role that sees only what they may. Who owns the tables is not
-- bound by it: writing, and reading for many at once, decide by the policy in chat/policy alone (docs/adr/0011).

DO $$
BEGIN
  CREATE ROLE klatch_reader NOLOGIN NOSUPERUSER NOBYPASSRLS;
EXCEPTION
  -- Of another database of the same server; or the role we run as may make none, and the wall stays down.
  WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
END $$;

-- Whether the one who asks may know of a room. Who asks is set for each request; where that was forgotten, nobody does.
-- It runs with its owner's eyes, or the policies below would ask themselves.
CREATE FUNCTION klatch.sees_room(room uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT EXISTS (
    SELECT 1 FROM (
      SELECT nullif(current_setting('klatch.asking', true), '')::uuid AS id,
        coalesce(current_setting('klatch.is_admin', true), '') = 'on' AS is_admin
    ) asker JOIN klatch.rooms r ON r.id = room
    WHERE asker.id IS NOT NULL AND (
      r.kind = 'broadcast' OR r.id = asker.id
      OR (asker.is_admin AND r.kind NOT IN ('direct', 'inbox'))
      OR EXISTS (SELECT 1 FROM klatch.members m WHERE m.room_id = r.id AND m.user_id = asker.id)
      OR (r.kind = 'public' AND NOT EXISTS (
        SELECT 1 FROM klatch.room_bans b
        WHERE b.room_id = r.id AND b.user_id = asker.id AND (b.until IS NULL OR b.until > now())))))
$$;

-- The room that the request says it is about, if the one who asks may know of it: found once a statement, while the
-- function above is called once a row.
CREATE FUNCTION klatch.asked_room() RETURNS uuid
LANGUAGE sql STABLE SET search_path = '' AS $$
  SELECT about.id FROM (SELECT nullif(current_setting('klatch.about', true), '')::uuid AS id) about
  WHERE klatch.sees_room(about.id)
$$;

-- The rooms of the one who asks: found once a statement too, and only where the line above did not do.
CREATE FUNCTION klatch.asker_rooms() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT room_id FROM klatch.members WHERE user_id = nullif(current_setting('klatch.asking', true), '')::uuid
$$;

ALTER TABLE klatch.entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE klatch.members ENABLE ROW LEVEL SECURITY;
ALTER TABLE klatch.rooms ENABLE ROW LEVEL SECURITY;
CREATE POLICY entries_read ON klatch.entries FOR SELECT
  USING (room_id = (SELECT klatch.asked_room()) OR room_id IN (SELECT klatch.asker_rooms())
    OR klatch.sees_room(room_id));
CREATE POLICY members_read ON klatch.members FOR SELECT
  USING (room_id = (SELECT klatch.asked_room()) OR room_id IN (SELECT klatch.asker_rooms())
    OR klatch.sees_room(room_id));
CREATE POLICY rooms_read ON klatch.rooms FOR SELECT
  USING (id = (SELECT klatch.asked_room()) OR id IN (SELECT klatch.asker_rooms()) OR klatch.sees_room(id));

DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = 'klatch_reader') THEN RETURN; END IF;
  EXECUTE format('GRANT klatch_reader TO %I', current_user);
  GRANT USAGE ON SCHEMA klatch TO klatch_reader;
  GRANT SELECT ON klatch.entries, klatch.members, klatch.rooms TO klatch_reader;
  GRANT SELECT (id, username, username_key, display_name, avatar_url, deleted_at) ON klatch.users TO klatch_reader;
EXCEPTION
  WHEN insufficient_privilege THEN NULL;
END $$;
