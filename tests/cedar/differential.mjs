// differential.mjs PROGRAM PACKAGE_DIR [--cases N] [--seed S] [--jobs J] [--differences D] [--trials T]
//
// Defaults: 12,000 cases, a seed of the day's dice ($CEDAR_SEED is heeded), two at a time, one difference each, 4,000
// trials to make it small.
//
// Compares src/cedar with the reference implementation (`@cedar-policy/cedar-wasm`, found from PACKAGE_DIR) on
// generated worlds: a case is one request to one policy set, with and without the schema; in addition, the verdicts of
// validation on each policy, and whether texts that are nearly policies, schemas and entities are accepted.
// PROGRAM (differential.cpp) generates and gives this engine's answers. Prints a summary; a difference is made
// small, printed whole, and ends the run with 1.

import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

import { Comparison, newStatistics, poor } from "./compare.mjs";
import * as reference from "./reference.mjs";
import { shrink } from "./shrink.mjs";

const kRequestsPerWorld = 12;

function lines(program, ...args) {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

// The program again, for worlds and trees that are made here.
class Engine {
  constructor(program) {
    this.process = lines(program, "answer");
  }
  async ask(question) {
    this.process.child.stdin.write(`${JSON.stringify(question)}\n`);
    return JSON.parse((await this.process.lines.next()).value);
  }
  async answer(world) {
    return { ...world, answers: await this.ask(world) };
  }
  end() {
    this.process.child.stdin.end();
  }
}

async function work({ program, folder, seed, first, worlds, most, trials }) {
  reference.load(folder);
  const statistics = newStatistics();
  const found = [];
  const generator = lines(program, "generate", seed, first, worlds);
  const engine = new Engine(program);
  const compare = async (world, statistics, number) =>
    (await new Comparison(world, statistics, number, (question) => engine.ask(question)).run()).differences;
  let at = first;
  for (let line; !(line = await generator.lines.next()).done; ++at) {
    const world = JSON.parse(line.value);
    const differences = await compare(world, statistics, at);
    if (differences.length > 0) found.push({ world, at, differences });
    if (found.length >= most) break;
  }
  // A generator that ends early has crashed.
  if (found.length < most && at < first + worlds) throw new Error(`the generator ended at world ${at} of seed ${seed}`);
  generator.child.kill();
  for (const one of found) {
    const { kind } = one.differences[0];
    one.shrunk = await shrink(one.world, trials, one.at % 4 === 3, async (world) => {
      const answered = await engine.answer(world);
      const differences = await compare(answered, newStatistics(), one.at);
      return differences.some((d) => d.kind === kind) && answered;
    });
    one.differences = await compare(one.shrunk, newStatistics(), one.at);
  }
  engine.end();
  return { statistics, found };
}

function show({ shrunk, at, differences }, seed) {
  console.log(`\n── difference in world ${at} of seed ${seed}`);
  for (const { kind, ours, theirs, ...rest } of differences) {
    console.log(`${kind}:\n  this engine: ${ours}\n  reference:   ${theirs}`);
    for (const [name, value] of Object.entries(rest)) console.log(`  ${name}: ${value}`);
  }
  console.log(`schema:\n${shrunk.schema}\nschema in JSON: ${shrunk.schemaJson}\ntext: ${shrunk.text}\nentities: ${shrunk.entities}\nentities with schema: ${shrunk.typedEntities}`);
  for (const list of ["policies", "templates", "trees"]) {
    for (const [id, text] of Object.entries(shrunk[list])) console.log(`${id}: ${text}`);
  }
  for (const link of shrunk.links) console.log(`link: ${JSON.stringify(link)}`);
  for (const request of shrunk.requests) console.log(`request: ${JSON.stringify(request)}`);
}

async function main() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      cases: { type: "string", default: "12000" },
      seed: { type: "string", default: process.env.CEDAR_SEED ?? `${randomInt(2 ** 32)}` },
      jobs: { type: "string", default: "2" },
      differences: { type: "string", default: "1" },
      trials: { type: "string", default: "4000" },
    },
  });
  const [program, folder] = positionals.map((path) => resolve(path));
  const jobs = Number(values.jobs);
  const worlds = Math.ceil(Number(values.cases) / kRequestsPerWorld / jobs);
  console.log(`seed ${values.seed} (again: CEDAR_SEED=${values.seed})`);
  const results = await Promise.all(
    Array.from({ length: jobs }, (_, i) => {
      const [most, trials] = [Number(values.differences), Number(values.trials)];
      const workerData = { program, folder, seed: values.seed, first: i * worlds, worlds, most, trials };
      return new Promise((resolve, reject) => {
        const worker = new Worker(new URL(import.meta.url), { workerData });
        worker.on("message", resolve).on("error", reject);
      });
    }),
  );
  const total = newStatistics();
  for (const { statistics } of results) {
    for (const [name, value] of Object.entries(statistics)) {
      if (typeof value === "number") total[name] += value;
      else for (const [known, count] of Object.entries(value)) total.known[known] = (total.known[known] ?? 0) + count;
    }
  }
  const { known, ...counts } = total;
  console.log(Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(", "));
  console.log(`known differences: ${Object.entries(known).map(([name, count]) => `${name} ${count}`).join(", ") || "none"}`);
  const found = results.flatMap((result) => result.found);
  for (const one of found) show(one, values.seed);
  const lacking = found.length === 0 ? poor(total) : [];
  for (const complaint of lacking) console.log(`the worlds are poor: ${complaint}`);
  console.log(found.length > 0 ? "they differ" : lacking.length > 0 ? "nothing is proved" : "no difference");
  process.exit(found.length + lacking.length > 0 ? 1 : 0);
}

if (isMainThread) await main();
else parentPort.postMessage(await work(workerData));
