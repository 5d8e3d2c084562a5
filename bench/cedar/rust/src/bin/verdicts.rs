// What the crate says of schemas that are to be linked and of policies against what comes of it: reads the lines that
// `cedar_verdicts` writes (tests/cedar/verdicts.cpp), and answers each in the same form.

use cedar_policy::{PolicyId, PolicySet, Schema, Template, ValidationMode, Validator};
use serde_json::{json, Map, Value};
use std::collections::BTreeSet;
use std::io::BufRead;

fn policies(given: &Map<String, Value>) -> PolicySet {
    let mut set = PolicySet::new();
    for (id, text) in given {
        let text = text.as_str().unwrap();
        let id = PolicyId::new(id);
        match cedar_policy::Policy::parse(Some(id.clone()), text) {
            Ok(policy) => set.add(policy).unwrap(),
            Err(_) => set.add_template(Template::parse(Some(id), text).unwrap()).unwrap(),
        }
    }
    set
}

fn answer(question: &Value) -> Value {
    let texts = question["schemas"].as_array().unwrap();
    let parsed: Vec<Option<Schema>> = texts
        .iter()
        .map(|text| match text.as_str().unwrap() {
            json if json.starts_with('{') => Schema::from_json_str(json).ok(),
            text => Schema::from_cedarschema_str(text).ok().map(|(schema, _)| schema),
        })
        .collect();
    let mut out = json!({"accepted": parsed.iter().map(Option::is_some).collect::<Vec<bool>>()});
    if parsed.iter().any(Option::is_none) {
        return out;
    }
    let linked = match Schema::schema_link(parsed.into_iter().flatten()) {
        Ok(linked) => linked,
        Err(error) => {
            out["why"] = json!(error.to_string());
            return out;
        }
    };
    let types: BTreeSet<String> = linked.external_entity_types().map(ToString::to_string).collect();
    let actions: BTreeSet<String> = linked.external_actions().map(ToString::to_string).collect();
    out["externals"] = json!({"types": types, "actions": actions});
    let given = question["policies"].as_object().unwrap();
    let set = policies(given);
    let validator = Validator::new(linked);
    let mut levels = Vec::new();
    for level in [None, Some(0), Some(1), Some(2)] {
        let result = match level {
            None => validator.validate(&set, ValidationMode::Strict),
            Some(level) => validator.validate_with_level(&set, ValidationMode::Strict, level),
        };
        let wrong: BTreeSet<String> =
            result.validation_errors().map(|error| error.policy_id().to_string()).filter(|id| given.contains_key(id)).collect();
        levels.push(json!({"passed": result.validation_passed(), "wrong": wrong}));
    }
    out["levels"] = json!(levels);
    out
}

fn main() {
    for line in std::io::stdin().lock().lines() {
        let question: Value = serde_json::from_str(&line.unwrap()).unwrap();
        println!("{}", answer(&question));
    }
}
