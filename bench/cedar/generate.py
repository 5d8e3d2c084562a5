#!/usr/bin/env python3
"""generate.py OUT: writes the cases of bench/cedar, each a folder that cedar_bench reads. The same every time.

tools-N       calls of tools with typed arguments; a fixed share of N matches by scope
flat-N        the same world, in which ten policies match by scope whatever N is
repos-N       repositories, teams nested ten deep, N links of three templates
docs-N        10,000 documents in folders, with owners and shares
open-N        N policies whose scopes are all open: everything is in `when`
"""
import json
import os
import random
import sys


def uid(type_, id_):
    return {"type": type_, "id": id_}


def entity(type_, id_, parents=(), **attrs):
    return {"uid": uid(type_, id_), "attrs": attrs, "parents": [uid(*p) for p in parents]}


def ref(type_, id_):
    return {"__entity": uid(type_, id_)}


def decimal(text):
    return {"__extn": {"fn": "decimal", "arg": text}}


def write(out, name, schema, policies, entities, requests, templates=None, links=None):
    folder = os.path.join(out, name)
    os.makedirs(folder, exist_ok=True)

    def put(file, text):
        with open(os.path.join(folder, file), "w", encoding="utf-8") as f:
            f.write(text)

    put("schema.cedarschema", schema)
    put("policies.cedar", "\n".join(policies) + "\n")
    put("templates.json", json.dumps(templates or {}))
    put("links.json", json.dumps(links or []))
    put("entities.json", json.dumps(entities))
    put("requests.jsonl", "".join(json.dumps(r) + "\n" for r in requests))


TOOLS_SCHEMA = """
entity Group in [Group];
entity Agent in [Group] { department: String, level: Long, owner: Agent, certified: Bool };
entity System;
entity Destination in [System] { owner: Agent, class: String, tags: Set<String> };
action calls, reads, writes;
%s
"""
TOOL_ACTION = """action "tool%d" in [Action::"calls", Action::"%s"] appliesTo {
  principal: [Agent], resource: [Destination],
  context: { input: { path: String, amount: Long, price: decimal, recipients: Set<String>, dry_run?: Bool },
             task: { labels: Set<String> }, source: ipaddr, now: datetime } };"""
DEPARTMENTS = ["finance", "legal", "sales", "support", "research", "operations", "people", "security"]
CLASSES = ["public", "internal", "confidential", "restricted"]


class Tools:
    def __init__(self, seed, tools):
        self.random = random.Random(seed)
        self.tools = tools
        self.agents = 200
        self.groups = 40
        self.destinations = 200

    def schema(self):
        return TOOLS_SCHEMA % "\n".join(
            TOOL_ACTION % (t, "writes" if t % 3 == 0 else "reads") for t in range(self.tools))

    def entities(self):
        r = self.random
        found = [entity("Action", "calls"), entity("Action", "reads"), entity("Action", "writes")]
        for t in range(self.tools):
            found.append(entity("Action", f"tool{t}", [("Action", "calls"),
                                                       ("Action", "writes" if t % 3 == 0 else "reads")]))
        for g in range(self.groups):
            found.append(entity("Group", f"group{g}", [("Group", f"group{g // 4}")] if g >= 4 else []))
        for a in range(self.agents):
            found.append(entity("Agent", f"agent{a}", [("Group", f"group{r.randrange(self.groups)}")],
                                department=r.choice(DEPARTMENTS), level=r.randrange(10),
                                owner=ref("Agent", f"agent{r.randrange(self.agents)}"), certified=r.random() < 0.7))
        for s in range(10):
            found.append(entity("System", f"system{s}"))
        for d in range(self.destinations):
            found.append(entity("Destination", f"dest{d}", [("System", f"system{d % 10}")],
                                owner=ref("Agent", f"agent{r.randrange(self.agents)}"),
                                **{"class": r.choice(CLASSES), "tags": r.sample(["pii", "eu", "us", "prod", "pci"], 2)}))
        return found

    def condition(self):
        r = self.random
        return r.choice([
            lambda: f"context.input.amount < {r.randrange(10_000)}",
            lambda: f'principal.department == "{r.choice(DEPARTMENTS)}"',
            lambda: f"principal.level >= {r.randrange(10)}",
            lambda: f'context.input.path like "/srv/{r.randrange(30)}/*"',
            lambda: f'resource.class != "{r.choice(CLASSES)}"',
            lambda: f'!resource.tags.contains("{r.choice(["pii", "eu", "us", "prod", "pci"])}")',
            lambda: f'context.input.price.lessThan(decimal("{r.randrange(900)}.5"))',
            lambda: f'context.source.isInRange(ip("10.{r.randrange(4)}.0.0/16"))',
            lambda: f'context.task.labels.containsAll(["l{r.randrange(5)}"])',
            lambda: 'context.now < datetime("2026-06-01")',
            lambda: "principal == resource.owner || principal.certified",
            lambda: "context.input has dry_run && context.input.dry_run",
            lambda: f'["a@x", "b@x", "c@x"].containsAll(context.input.recipients)',
        ])()

    def conditions(self):
        return " && ".join(self.condition() for _ in range(self.random.randrange(2, 5)))

    def request(self):
        r = self.random
        given = {"path": f"/srv/{r.randrange(30)}/file{r.randrange(1000)}.txt", "amount": r.randrange(10_000),
                 "price": decimal(f"{r.randrange(1000)}.25"), "recipients": r.sample(["a@x", "b@x", "c@x", "d@y"], 2)}
        if r.random() < 0.3:
            given["dry_run"] = r.random() < 0.5
        return {"principal": uid("Agent", f"agent{r.randrange(self.agents)}"),
                "action": uid("Action", f"tool{r.randrange(self.tools)}"),
                "resource": uid("Destination", f"dest{r.randrange(self.destinations)}"),
                "context": {"input": given, "task": {"labels": r.sample(["l0", "l1", "l2", "l3", "l4"], 2)},
                            "source": {"__extn": {"fn": "ip", "arg": f"10.{r.randrange(6)}.3.7"}},
                            "now": {"__extn": {"fn": "datetime", "arg": "2026-03-01T12:00:00Z"}}}}

    def effect(self):
        return "forbid" if self.random.random() < 0.1 else "permit"

    def scoped(self):
        r = self.random
        principal = r.choice(["principal", f'principal in Group::"group{r.randrange(self.groups)}"',
                              f'principal == Agent::"agent{r.randrange(self.agents)}"', "principal is Agent"])
        action = f'action == Action::"tool{r.randrange(self.tools)}"'
        resource = r.choice(["resource", f'resource in System::"system{r.randrange(10)}"',
                             f'resource == Destination::"dest{r.randrange(self.destinations)}"',
                             "resource is Destination"])
        return f"{self.effect()}({principal}, {action}, {resource})\nwhen {{ {self.conditions()} }};"

    def matching(self):
        """A policy that matches every request by scope."""
        scope = self.random.choice(['principal, action in Action::"calls", resource',
                                    'principal is Agent, action in Action::"calls", resource is Destination'])
        return f"{self.effect()}({scope})\nwhen {{ {self.conditions()} }};"

    def open(self):
        r = self.random
        first = r.choice([self.condition(), self.condition(), self.condition(),
                          f'action == Action::"tool{r.randrange(self.tools)}"',
                          f'principal in Group::"group{r.randrange(self.groups)}"'])
        return f"{self.effect()}(principal, action, resource)\nwhen {{ {first} && {self.conditions()} }};"


def tools(out, n):
    world = Tools(n, 50)
    always = n // 100
    policies = [world.matching() for _ in range(always)] + [world.scoped() for _ in range(n - always)]
    world.random.shuffle(policies)
    write(out, f"tools-{n}", world.schema(), policies, world.entities(), [world.request() for _ in range(500)])


def flat(out, n):
    world = Tools(7, 50)
    entities = world.entities()
    requests = [world.request() for _ in range(500)]
    policies = [world.matching() for _ in range(10)]
    # Of agents that never ask.
    for i in range(n - 10):
        policies.append(f'permit(principal == Agent::"other{i % 3000}", action == Action::"tool{i % 50}", resource)\n'
                        f"when {{ {world.conditions()} }};")
    world.random.shuffle(policies)
    write(out, f"flat-{n}", world.schema(), policies, entities, requests)


def open_scopes(out, n):
    world = Tools(n + 1, 50)
    policies = [world.open() for _ in range(n)]
    write(out, f"open-{n}", world.schema(), policies, world.entities(), [world.request() for _ in range(500)])


REPOS_SCHEMA = """
entity Team in [Team];
entity User in [Team] { joined: Long };
entity Org;
entity Repo in [Org] { owner: User, private: Bool };
action read, write, admin appliesTo { principal: [User], resource: [Repo], context: { mfa: Bool } };
"""


def repos(out, n):
    r = random.Random(n)
    teams, users, repositories = 300, 500, 500
    entities = [entity("Action", a) for a in ("read", "write", "admin")]
    for t in range(teams):  # chains of ten
        entities.append(entity("Team", f"team{t}", [("Team", f"team{t - 1}")] if t % 10 else []))
    for u in range(users):
        entities.append(entity("User", f"user{u}", [("Team", f"team{r.randrange(teams)}")], joined=r.randrange(100)))
    for o in range(20):
        entities.append(entity("Org", f"org{o}"))
    for p in range(repositories):
        entities.append(entity("Repo", f"repo{p}", [("Org", f"org{p % 20}")],
                               owner=ref("User", f"user{r.randrange(users)}"), private=r.random() < 0.5))
    templates = {
        "reader": 'permit(principal in ?principal, action == Action::"read", resource == ?resource);',
        "writer": 'permit(principal in ?principal, action in [Action::"read", Action::"write"], resource == ?resource)\n'
                  "unless { resource.private && !context.mfa };",
        "org": 'permit(principal in ?principal, action, resource in ?resource)\nwhen { context.mfa && principal.joined > 10 };',
    }
    links = []
    for i in range(n):
        kind = r.choice(["reader", "writer", "org"])
        target = uid("Org", f"org{r.randrange(20)}") if kind == "org" else uid("Repo", f"repo{r.randrange(repositories)}")
        links.append({"templateId": kind, "newId": f"link{i}",
                      "values": {"?principal": uid("Team", f"team{r.randrange(teams)}"), "?resource": target}})
    policies = ["permit(principal, action, resource) when { resource.owner == principal };",
                'forbid(principal, action == Action::"admin", resource) unless { context.mfa };']
    requests = [{"principal": uid("User", f"user{r.randrange(users)}"), "action": uid("Action", r.choice(["read", "write", "admin"])),
                 "resource": uid("Repo", f"repo{r.randrange(repositories)}"), "context": {"mfa": r.random() < 0.8}}
                for _ in range(500)]
    write(out, f"repos-{n}", REPOS_SCHEMA, policies, entities, requests, templates, links)


DOCS_SCHEMA = """
entity Group;
entity User in [Group] { email: String };
entity Folder in [Folder];
entity Document in [Folder] { owner: User, readers: Set<User>, shares: Set<Group>, public: Bool, size: Long };
action view, edit, share appliesTo { principal: [User], resource: [Document], context: { authenticated: Bool, hour: Long } };
"""


def docs(out, n):
    r = random.Random(n)
    users, groups, folders, documents = 1000, 50, 200, 8_750
    entities = [entity("Action", a) for a in ("view", "edit", "share")]
    entities += [entity("Group", f"group{g}") for g in range(groups)]
    for u in range(users):
        entities.append(entity("User", f"user{u}", [("Group", f"group{g}") for g in r.sample(range(groups), 3)],
                               email=f"user{u}@example.com"))
    for f in range(folders):
        entities.append(entity("Folder", f"folder{f}", [("Folder", f"folder{f // 3}")] if f >= 3 else []))
    for d in range(documents):
        entities.append(entity("Document", f"doc{d}", [("Folder", f"folder{r.randrange(folders)}")],
                               owner=ref("User", f"user{r.randrange(users)}"),
                               readers=[ref("User", f"user{u}") for u in r.sample(range(users), 3)],
                               shares=[ref("Group", f"group{g}") for g in r.sample(range(groups), 2)],
                               public=r.random() < 0.1, size=r.randrange(1_000_000)))
    policies = ["permit(principal, action, resource) when { resource.owner == principal };",
                'permit(principal, action == Action::"view", resource) when { resource.public || resource.readers.contains(principal) };',
                'permit(principal, action == Action::"view", resource) when { principal in resource.shares && context.authenticated };',
                "forbid(principal, action, resource) unless { context.authenticated };"]
    while len(policies) < n:
        policies.append(
            f'{"permit" if r.random() < 0.9 else "forbid"}(principal in Group::"group{r.randrange(groups)}", '
            f'action == Action::"{r.choice(["view", "edit", "share"])}", resource in Folder::"folder{r.randrange(folders)}")\n'
            f"when {{ context.hour >= {r.randrange(12)} && resource.size < {r.randrange(1_000_000)} }};")
    requests = [{"principal": uid("User", f"user{r.randrange(users)}"), "action": uid("Action", r.choice(["view", "edit", "share"])),
                 "resource": uid("Document", f"doc{r.randrange(documents)}"),
                 "context": {"authenticated": r.random() < 0.95, "hour": r.randrange(24)}} for _ in range(500)]
    write(out, f"docs-{n}", DOCS_SCHEMA, policies[:n], entities, requests)


def main():
    out = sys.argv[1]
    for n in (1, 10, 100, 1000, 10_000):
        tools(out, n)
        repos(out, n)
        docs(out, n)
    for n in (100, 10_000):
        flat(out, n)
    for n in (1, 8, 100, 1000):
        open_scopes(out, n)


main()
