/** Before every id: where lists by id begin. */
export const FIRST_ID = "00000000-0000-0000-0000-000000000000"
