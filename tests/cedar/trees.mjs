// JSON as text in one form: members in order, numbers as they are written.

const parse = (text) =>
  JSON.parse(text, (_, value, { source }) => (typeof value === "number" && `${value}` !== source ? JSON.rawJSON(source) : value));

function inOrder(_, value) {
  if (value === null || typeof value !== "object" || Array.isArray(value) || JSON.isRawJSON(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export const canonical = (text) => JSON.stringify(parse(text), inOrder);
export { parse };
