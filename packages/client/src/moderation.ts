export { type Invite, type Invites, invites, type NewInvite, redeemInvite } from "./moderation-invites.ts"
export {
  type Ban,
  type MemberListState,
  type Moderation,
  moderation,
  type RoomMember,
} from "./moderation-members.ts"
export {
  type Act,
  type ActTarget,
  defaultRights,
  mayDo,
  type Right,
  type Rights,
} from "./moderation-policy.ts"
export { type RoomChange, type RoomSettings, roomSettings, type Settings } from "./moderation-settings.ts"
