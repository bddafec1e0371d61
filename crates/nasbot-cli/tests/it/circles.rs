//! Modules of a crate use one another one way: no circle, so that each can be read after those that it uses.
//!
//! What a module uses is read from its `use` declarations. Uses of the modules around it are left out, and so is `error`, in
//! which a crate's error type names the types of the crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

type Module = Vec<String>;

/// Declarations of one module: whether it is a re-export, and the path.
type Uses = Vec<(bool, Vec<String>)>;

/// The modules of a crate by path, without tests and programs.
fn modules(folder: &Path, path: &Module, found: &mut BTreeMap<Module, Uses>) {
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let child = [path.as_slice(), std::slice::from_ref(&name)].concat();
        if file.is_dir() {
            if name != "bin" {
                modules(&file, &child, found);
            }
        } else if file.extension().is_some_and(|end| end == "rs") {
            let module = match name.as_str() {
                "lib" | "main" | "mod" => path.clone(),
                "tests" => continue,
                _ => child,
            };
            found.insert(module, uses(&fs::read_to_string(&file).unwrap()));
        }
    }
}

/// The `use` declarations before a module's tests, each path in full.
fn uses(text: &str) -> Uses {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let code: Vec<&str> = (code.lines())
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let mut found = Vec::new();
    for statement in code.join(" ").split(';') {
        let Some(at) = statement.rfind("use ") else {
            continue;
        };
        let before = statement[..at].trim_end();
        let is_declaration = before.is_empty() || before.ends_with([']', '}', ')', 'b']);
        if is_declaration && !statement[at..].contains(['=', '(']) {
            let is_public = before.ends_with("pub") || before.ends_with(')');
            let paths = spelt_out(statement[at + 4..].trim());
            found.extend(paths.into_iter().map(|path| (is_public, path)));
        }
    }
    found
}

/// The paths of `a::{b, c::{d, e}}`.
fn spelt_out(tree: &str) -> Vec<Vec<String>> {
    let Some((start, rest)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap();
        return vec![
            name.split("::")
                .map(|part| part.trim().to_owned())
                .collect(),
        ];
    };
    let inner = rest.rsplit_once('}').unwrap().0;
    let (mut parts, mut depth) = (vec![String::new()], 0_i32);
    for letter in inner.chars() {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        match letter {
            ',' if depth == 0 => parts.push(String::new()),
            _ => parts.last_mut().unwrap().push(letter),
        }
    }
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts
        .flat_map(|part| spelt_out(&format!("{start}{}", part.trim())))
        .collect()
}

/// A path of `module` from the crate's root; `None` where it leads to another crate.
fn absolute(module: &Module, path: &[String], all: &BTreeMap<Module, Uses>) -> Option<Vec<String>> {
    let supers = path.iter().take_while(|part| *part == "super").count();
    let child = [module.as_slice(), &path[..1]].concat();
    match path[0].as_str() {
        "crate" => Some(path[1..].to_vec()),
        "super" => {
            let around = module.len().checked_sub(supers)?;
            Some([&module[..around], &path[supers..]].concat())
        }
        "self" => Some([module.as_slice(), &path[1..]].concat()),
        _ if all.contains_key(&child) => Some([module.as_slice(), path].concat()),
        _ => None,
    }
}

/// The module in which what a path names is written, re-exports followed.
fn home(path: &[String], all: &BTreeMap<Module, Uses>) -> Module {
    let length = (0..=path.len())
        .rev()
        .find(|&n| all.contains_key(&path[..n]));
    let module = path[..length.unwrap()].to_vec();
    let Some(name) = path.get(module.len()) else {
        return module;
    };
    let exported = (all[&module].iter())
        .filter_map(|(_, from)| absolute(&module, from, all))
        .find(|from| from.last() == Some(name) && from[..] != *path);
    exported.map_or(module, |from| home(&from, all))
}

/// A way through `edges` from a module back to itself.
fn circle(edges: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<String>> {
    // Modules that use nothing, or only such, are in no circle.
    let mut left: BTreeSet<&Module> = edges.keys().collect();
    loop {
        let is_free = |module: &&Module| !edges[*module].iter().any(|to| left.contains(to));
        let free: Vec<&Module> = left.iter().copied().filter(is_free).collect();
        if free.is_empty() {
            break;
        }
        left.retain(|module| !free.contains(module));
    }
    let mut way = vec![*left.first()?];
    loop {
        let next = edges[way[way.len() - 1]]
            .iter()
            .find(|to| left.contains(to));
        let next = next.unwrap();
        if let Some(place) = way.iter().position(|module| *module == next) {
            return Some(
                way[place..]
                    .iter()
                    .map(|module| module.join("::"))
                    .collect(),
            );
        }
        way.push(next);
    }
}

fn edges(all: &BTreeMap<Module, Uses>) -> BTreeMap<Module, BTreeSet<Module>> {
    let is_error = |module: &Module| module.last().is_some_and(|name| name == "error");
    (all.iter())
        .filter(|(module, _)| !is_error(module))
        .map(|(module, uses)| {
            let used = (uses.iter())
                .filter(|(is_public, _)| !is_public)
                .filter_map(|(_, path)| absolute(module, path, all))
                .map(|path| home(&path, all))
                .filter(|to| !module.starts_with(to) && !is_error(to));
            (module.clone(), used.collect())
        })
        .collect()
}

#[test]
fn modules_use_one_another_one_way() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for entry in fs::read_dir(crates).unwrap() {
        let folder = entry.unwrap().path();
        let mut all = BTreeMap::new();
        modules(&folder.join("src"), &Vec::new(), &mut all);
        let edges = edges(&all);
        assert!(edges.values().any(|to| !to.is_empty()), "{folder:?}");
        let circle = circle(&edges);
        assert!(circle.is_none(), "{}: {circle:?}", folder.display());
    }
}

#[test]
fn a_circle_is_found_through_re_exports() {
    let module = |text: &str| vec![text.to_owned()];
    let all: BTreeMap<Module, Uses> = [
        (
            Vec::new(),
            uses("mod a; mod b; pub use a::A; pub use b::{B, C};"),
        ),
        (
            module("a"),
            uses("use std::fmt;\nuse crate::B;\npub struct A(B);"),
        ),
        (
            module("b"),
            uses("//! use super::x;\nuse super::{a::A, error::Error};\npub struct B;"),
        ),
        (module("error"), uses("use crate::C;")),
    ]
    .into();
    assert_eq!(
        circle(&edges(&all)),
        Some(vec!["a".to_owned(), "b".to_owned()])
    );
    let mut one_way = all.clone();
    one_way.insert(module("b"), uses("pub struct B;"));
    assert_eq!(circle(&edges(&one_way)), None);
}
