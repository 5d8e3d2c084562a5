// Makes a world that shows a difference as small as it gets while it still shows that kind of difference.

import * as reference from "./reference.mjs";
import { parse } from "./trees.mjs";

export async function shrink(world, most, keepsSchemas, shows) {
  let best = world;
  let trials = 0;
  const attempt = async (change) => {
    if (trials >= most) return false;
    const candidate = structuredClone({ ...best, answers: undefined });
    if (change(candidate) === false) return false;
    trials += 1;
    const shown = await shows(candidate);
    if (shown) best = shown;
    return Boolean(shown);
  };
  // Takes away halves, then quarters, … down to single items of a list that `read` finds and `write` puts back.
  const fewer = async (read, write) => {
    for (let size = Math.ceil(read(best).length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = 0; at < read(best).length; ) {
        const removed = await attempt((world) => {
          const items = read(world);
          if (items.length === 0) return false;
          write(world, items.toSpliced(at, size));
        });
        if (!removed) at += size;
      }
    }
  };
  const keys = (name) => [(w) => Object.entries(w[name]), (w, items) => (w[name] = Object.fromEntries(items))];
  const list = (name) => [(w) => w[name], (w, items) => (w[name] = items)];

  let before = Infinity;
  for (let round = 0; round < 6 && JSON.stringify({ ...best, answers: 0 }).length < before; ++round) {
    before = JSON.stringify({ ...best, answers: 0 }).length;
    for (const name of ["requests", "texts", "links"]) await fewer(...list(name));
    for (const name of ["policies", "templates", "trees"]) await fewer(...keys(name));
    for (const id of Object.keys(best.trees)) await shrinkJson(attempt, () => best.trees[id], (w, text) => (w.trees[id] = text));
    for (const name of ["entities", "typedEntities"]) {
      await shrinkJson(attempt, () => best[name], (w, text) => (w[name] = text));
    }
    for (let i = 0; i < best.texts.length; ++i) {
      await shrinkJson(attempt, () => best.texts[i].text, (w, text) => (w.texts[i].text = text));
      await fewer((w) => tokens(w.texts[i].text), (w, items) => (w.texts[i].text = items.join("")));
    }
    for (const name of ["policies", "templates"]) {
      for (const id of Object.keys(best[name])) await shrinkPolicy(best, attempt, name, id);
    }
    for (let i = 0; i < best.requests.length; ++i) {
      for (const name of ["context", "typedContext"]) {
        await shrinkJson(attempt, () => best.requests[i][name], (w, text) => (w.requests[i][name] = text));
      }
    }
    await fewer((w) => tokens(w.text), (w, items) => (w.text = items.join("")));
    // Where each side has one of its own, they must stay the same.
    if (keepsSchemas) continue;
    await fewer((w) => tokens(w.schema), (w, items) => (w.schema = items.join("")));
    await shrinkJson(attempt, () => best.schemaJson, (w, text) => (w.schemaJson = text));
    await fewer((w) => statements(w.schema), (w, items) => (w.schema = items.join("")));
  }
  return best;
}

const tokens = (text) => text.match(/"(?:[^"\\]|\\.)*"|\w+|\s+|::|[^]/gsu) ?? [];
const statements = (text) => text.match(/[^;{}]*[;{}]/gs) ?? [text];

// Each node of a tree with what can stand in its place.
function* simpler(tree, path = []) {
  if (tree === null || typeof tree !== "object") return;
  if (Array.isArray(tree)) {
    for (let i = 0; i < tree.length; ++i) yield [path, tree.toSpliced(i, 1)];
  }
  for (const [key, child] of Object.entries(tree)) {
    if (!Array.isArray(tree)) {
      const { [key]: _, ...rest } = tree;
      yield [path, rest];
    }
    yield* simpler(child, [...path, key]);
  }
}
// Of an expression: what is below it, or a literal.
function* simplerExpression(node, path = []) {
  if (node === null || typeof node !== "object") return;
  const isExpression = !Array.isArray(node) && Object.keys(node).length === 1 && path.at(-1) !== "Value";
  if (isExpression && !("Value" in node)) {
    const below = Object.values(node).flatMap((v) => (Array.isArray(v) ? v : Object.values(Object(v))));
    for (const child of below) if (typeof child === "object") yield [path, child];
    yield [path, { Value: true }];
    yield [path, { Value: 1 }];
  }
  for (const [key, child] of Object.entries(node)) yield* simplerExpression(child, [...path, key]);
}
function replaced(tree, [key, ...rest], value) {
  if (key === undefined) return value;
  const copy = Array.isArray(tree) ? [...tree] : { ...tree };
  copy[key] = replaced(copy[key], rest, value);
  return copy;
}

async function shrinkTree(tree, ways, accept) {
  for (let more = true; more; ) {
    more = false;
    for (const [path, value] of ways(tree)) {
      const next = replaced(tree, path, value);
      if (!(await accept(next))) continue;
      tree = next;
      more = true;
      break;
    }
  }
}

async function shrinkPolicy(world, attempt, name, id) {
  const isTemplate = name === "templates";
  const tree = reference.toTree(world[name][id], isTemplate);
  if (tree === null) return;
  await shrinkTree(
    tree,
    function* (t) {
      for (let i = 0; i < t.conditions.length; ++i) yield [["conditions"], t.conditions.toSpliced(i, 1)];
      if (Object.keys(t.annotations ?? {}).length > 0) yield [["annotations"], {}];
      for (const scope of ["principal", "action", "resource"]) {
        if (t[scope].op !== "All" && !JSON.stringify(t[scope]).includes("slot")) yield [[scope], { op: "All" }];
      }
      for (let i = 0; i < t.conditions.length; ++i) {
        for (const [path, value] of simplerExpression(t.conditions[i].body)) yield [["conditions", i, "body", ...path], value];
      }
    },
    (next) =>
      attempt((w) => {
        const text = reference.toText(next, isTemplate);
        if (text === null || text === w[name][id]) return false;
        w[name][id] = text;
      }),
  );
}

async function shrinkJson(attempt, read, write) {
  let tree;
  try {
    tree = parse(read());
  } catch {
    return;
  }
  await shrinkTree(tree, simpler, (next) => attempt((w) => write(w, JSON.stringify(next))));
}
