// The Rust crate under the same driver as cedar_bench: same folders, same options, same lines (engine "rust").

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityId, EntityTypeName, EntityUid, PolicyId, PolicySet, Request,
    Schema, SlotId, Template, ValidationMode, Validator,
};
use serde_json::Value;
use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::HashMap;
use std::fs;
use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

struct Counting;
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

fn count() {
    // One thread: no locked instruction is needed, which would count against this engine.
    ALLOCATIONS.store(ALLOCATIONS.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        System.alloc(layout)
    }
    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        System.dealloc(p, layout)
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        System.alloc_zeroed(layout)
    }
    unsafe fn realloc(&self, p: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        System.realloc(p, layout, size)
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[repr(C)]
struct MallInfo2 {
    arena: usize,
    ordblks: usize,
    smblks: usize,
    hblks: usize,
    hblkhd: usize,
    usmblks: usize,
    fsmblks: usize,
    uordblks: usize,
    fordblks: usize,
    keepcost: usize,
}
extern "C" {
    fn mallinfo2() -> MallInfo2;
}

// Bytes that malloc has handed out.
fn heap() -> u64 {
    let info = unsafe { mallinfo2() };
    (info.uordblks + info.hblkhd) as u64
}

struct Options {
    dir: PathBuf,
    budget: f64,
    requests: usize,
    answers: Option<String>,
    only_authorize: bool,
}

fn options() -> Options {
    let mut found =
        Options { dir: PathBuf::new(), budget: 2.0, requests: usize::MAX, answers: None, only_authorize: false };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--budget" => found.budget = args.next().unwrap().parse().unwrap(),
            "--requests" => found.requests = args.next().unwrap().parse().unwrap(),
            "--answers" => found.answers = args.next(),
            "--only-authorize" => found.only_authorize = true,
            _ => found.dir = PathBuf::from(arg),
        }
    }
    found
}

struct Texts {
    schema: Option<String>,
    policies: String,
    templates: Vec<(String, String)>,
    links: Value,
    entities: String,
    requests: Vec<String>,
}

fn texts(dir: &Path, most: usize) -> Texts {
    let read = |name: &str| fs::read_to_string(dir.join(name)).ok();
    let templates = read("templates.json").unwrap_or_else(|| "{}".into());
    let templates: Value = serde_json::from_str(&templates).unwrap();
    Texts {
        schema: read("schema.cedarschema"),
        policies: read("policies.cedar").unwrap_or_default(),
        templates: templates
            .as_object()
            .unwrap()
            .iter()
            .map(|(id, text)| (id.clone(), text.as_str().unwrap().to_owned()))
            .collect(),
        links: serde_json::from_str(&read("links.json").unwrap_or_else(|| "[]".into())).unwrap(),
        entities: read("entities.json").unwrap_or_else(|| "[]".into()),
        requests: read("requests.jsonl")
            .unwrap_or_default()
            .lines()
            .filter(|line| !line.is_empty())
            .take(most)
            .map(str::to_owned)
            .collect(),
    }
}

fn uid(json: &Value) -> EntityUid {
    EntityUid::from_type_name_and_id(
        EntityTypeName::from_str(json["type"].as_str().unwrap()).unwrap(),
        EntityId::new(json["id"].as_str().unwrap()),
    )
}

fn policies(texts: &Texts) -> PolicySet {
    let mut set = PolicySet::from_str(&texts.policies).unwrap();
    for (id, text) in &texts.templates {
        set.add_template(Template::parse(Some(PolicyId::new(id)), text).unwrap()).unwrap();
    }
    for link in texts.links.as_array().unwrap() {
        let mut values = HashMap::new();
        for (slot, value) in link["values"].as_object().unwrap() {
            let slot = if slot == "?principal" { SlotId::principal() } else { SlotId::resource() };
            values.insert(slot, uid(value));
        }
        let text = |name: &str| PolicyId::new(link[name].as_str().unwrap());
        set.link(text("templateId"), text("newId"), values).unwrap();
    }
    set
}

fn request(line: &str) -> Request {
    let json: Value = serde_json::from_str(line).unwrap();
    let context = Context::from_json_value(json["context"].clone(), None).unwrap();
    Request::new(uid(&json["principal"]), uid(&json["action"]), uid(&json["resource"]), context, None).unwrap()
}

#[inline(never)]
#[no_mangle]
pub extern "Rust" fn authorize_loop(requests: &[Request], set: &PolicySet, entities: &Entities) -> usize {
    let authorizer = Authorizer::new();
    requests
        .iter()
        .filter(|request| authorizer.is_authorized(request, set, entities).decision() == Decision::Allow)
        .count()
}

struct Report {
    case: String,
    policies: usize,
}

impl Report {
    fn line(&self, what: &str, mut all: Vec<u64>, mut best: Vec<u64>) {
        if all.is_empty() {
            return;
        }
        all.sort_unstable();
        best.sort_unstable();
        let at = |list: &[u64], q: f64| list[((list.len() as f64 * q) as usize).min(list.len() - 1)];
        println!(
            "{{\"engine\":\"rust\",\"case\":\"{}\",\"policies\":{},\"what\":\"{}\",\"n\":{},\"min_ns\":{},\"p50_ns\":{},\"p99_ns\":{},\"mean_ns\":{},\"p50_best_ns\":{}}}",
            self.case, self.policies, what, all.len(), all[0], at(&all, 0.5), at(&all, 0.99),
            all.iter().sum::<u64>() / all.len() as u64, at(&best, 0.5)
        );
    }

    // Rounds over all items until the budget is spent; at least three rounds.
    fn measure<F: FnMut(usize)>(&self, what: &str, items: usize, budget: f64, mut one: F) {
        let mut all = Vec::new();
        let mut best = vec![u64::MAX; items];
        let end = Instant::now() + Duration::from_secs_f64(budget);
        let mut round = 0;
        while round < 3 || (Instant::now() < end && all.len() < 20_000_000) {
            for (item, least) in best.iter_mut().enumerate() {
                let start = Instant::now();
                one(item);
                let took = start.elapsed().as_nanos() as u64;
                all.push(took);
                *least = took.min(*least);
            }
            round += 1;
        }
        self.line(what, all, best);
    }
}

fn main() {
    let options = options();
    let texts = texts(&options.dir, options.requests);
    let before = heap();
    let set = policies(&texts);
    let entities = Entities::from_json_str(&texts.entities, None).unwrap();
    let memory = heap() - before;
    let authorizer = Authorizer::new();
    let requests: Vec<Request> = texts.requests.iter().map(|line| request(line)).collect();

    if let Some(path) = options.answers {
        let mut file = std::io::BufWriter::new(fs::File::create(path).unwrap());
        for request in &requests {
            let response = authorizer.is_authorized(request, &set, &entities);
            let mut reason: Vec<String> = response.diagnostics().reason().map(ToString::to_string).collect();
            let mut errors: Vec<String> = response
                .diagnostics()
                .errors()
                .map(|error| match error {
                    cedar_policy::AuthorizationError::PolicyEvaluationError(inner) => inner.policy_id().to_string(),
                })
                .collect();
            reason.sort();
            errors.sort();
            let decision = if response.decision() == Decision::Allow { "allow" } else { "deny" };
            writeln!(
                file,
                "{{\"decision\":\"{}\",\"reason\":{},\"errors\":{}}}",
                decision,
                serde_json::to_string(&reason).unwrap(),
                serde_json::to_string(&errors).unwrap()
            )
            .unwrap();
        }
        return;
    }
    if options.only_authorize {
        eprintln!("{} allowed", authorize_loop(&requests, &set, &entities));
        return;
    }

    let report = Report {
        case: options.dir.file_name().unwrap().to_string_lossy().into_owned(),
        policies: set.policies().count(),
    };
    let share = options.budget / 8.0;
    report.measure("authorize", requests.len(), options.budget, |i| {
        black_box(authorizer.is_authorized(&requests[i], &set, &entities));
    });
    report.measure("build_request", texts.requests.len(), share, |i| {
        black_box(request(&texts.requests[i]));
    });
    report.measure("authorize_json", texts.requests.len(), share, |i| {
        let request = request(&texts.requests[i]);
        let response = authorizer.is_authorized(&request, &set, &entities);
        black_box(response.diagnostics().reason().count());
        black_box(response);
    });
    report.measure("parse_policies", 1, share, |_| {
        black_box(policies(&texts));
    });
    report.measure("parse_entities", 1, share, |_| {
        black_box(Entities::from_json_str(&texts.entities, None).unwrap());
    });
    if let Some(text) = &texts.schema {
        report.measure("parse_schema", 1, share, |_| {
            black_box(Schema::from_cedarschema_str(text).unwrap().0);
        });
        let schema = Schema::from_cedarschema_str(text).unwrap().0;
        match Entities::from_json_str(&texts.entities, Some(&schema)) {
            Ok(_) => report.measure("parse_entities_with_schema", 1, share, |_| {
                black_box(Entities::from_json_str(&texts.entities, Some(&schema)).unwrap());
            }),
            Err(error) => eprintln!("rust: the entities do not conform to the schema: {error:?}"),
        }
        let validator = Validator::new(schema);
        let result = validator.validate(&set, ValidationMode::Strict);
        for error in result.validation_errors().take(3) {
            eprintln!("rust: {error}");
        }
        report.measure("validate", 1, share, |_| {
            black_box(validator.validate(&set, ValidationMode::Strict).validation_passed());
        });
    }
    let mut allocations = Vec::new();
    for request in &requests {
        let start = ALLOCATIONS.load(Ordering::Relaxed);
        black_box(authorizer.is_authorized(request, &set, &entities));
        allocations.push(ALLOCATIONS.load(Ordering::Relaxed) - start);
    }
    report.line("allocations", allocations.clone(), allocations);
    report.line("memory", vec![memory], vec![memory]);
}
