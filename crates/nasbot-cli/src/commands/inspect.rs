//! `nasbot inspect`: what a network is made of, or what is in a file with data.

use std::path::Path;

use nasbot::report;
use nn_graph::{Category, Network};
use nn_train::data::{Column, DataSpec};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::look;
use crate::cli::{Format, InspectArgs, TaskName};
use crate::error::Error;
use crate::{input, terminal};

pub(crate) fn run(args: &InspectArgs) -> Result<(), Error> {
    let several = args.networks.len() > 1;
    for path in &args.networks {
        if input::is_stdin(path) {
            input::for_each_line(path, |line, place| {
                show(
                    &input::parse_network(line, &place)?,
                    Some(&place),
                    args.format,
                )
            })?;
        } else if let Some(mut spec) = data(path, args)? {
            let contents = look::survey(&mut spec, args.task.is_some())?;
            match args.format {
                Format::Json => terminal::print(&report::contents_json(&contents)?)?,
                Format::Table => terminal::print(&format!(
                    "{}:\n{}",
                    input::name(path),
                    report::contents(&contents).trim_end()
                ))?,
            }
        } else {
            let name = several.then(|| input::name(path));
            show(&input::network(path)?, name.as_deref(), args.format)?;
        }
    }
    Ok(())
}

/// The specification of a file with data, or of a folder of pictures; `None` for any other file.
fn data(path: &Path, args: &InspectArgs) -> Result<Option<DataSpec>, Error> {
    let mut spec = DataSpec::new(path, args.task.unwrap_or(TaskName::Class).into());
    if spec.format().is_none() {
        return Ok(None);
    }
    if let Some(label) = &args.label {
        spec.label = Column::from(label.as_str());
    }
    spec.labels.clone_from(&args.labels);
    Ok(Some(spec))
}

fn show(network: &Network, name: Option<&str>, format: Format) -> Result<(), Error> {
    match format {
        Format::Json => terminal::print(&report::json(&Anatomy::new(network))?),
        Format::Table => {
            if let Some(name) = name {
                terminal::print(&format!("{name}:"))?;
            }
            terminal::print(&table(network))
        }
    }
}

/// Everything that follows from a network's graph, as `--format json` prints it.
#[derive(serde::Serialize)]
struct Anatomy<'a> {
    layers: Vec<&'a str>,
    masses: &'a [f64],
    total_mass: f64,
    to_input: Lengths,
    to_output: Lengths,
    in_degrees: Vec<usize>,
    out_degrees: Vec<usize>,
}

impl<'a> Anatomy<'a> {
    fn new(network: &'a Network) -> Self {
        let paths = network.path_lengths();
        Self {
            layers: network.layers().iter().map(|l| l.op.name()).collect(),
            masses: network.masses(),
            total_mass: network.total_mass(),
            to_input: Lengths(paths.to_input),
            to_output: Lengths(paths.to_output),
            in_degrees: (0..network.len())
                .map(|i| network.parents(i).len())
                .collect(),
            out_degrees: (0..network.len())
                .map(|i| network.children(i).len())
                .collect(),
        }
    }
}

/// Path lengths by category, as an object in the order of the categories.
struct Lengths(Vec<(Category, Vec<f64>)>);

impl Serialize for Lengths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (category, lengths) in &self.0 {
            map.serialize_entry(&category.to_string(), lengths)?;
        }
        map.end()
    }
}

fn table(network: &Network) -> String {
    let paths = network.path_lengths();
    let mut rows = vec![
        [
            "layer",
            "op",
            "units",
            "stride",
            "mass",
            "from",
            "to input",
            "to output",
            "image",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for (i, layer) in network.layers().iter().enumerate() {
        let list = |items: &[usize]| {
            let items: Vec<_> = items.iter().map(ToString::to_string).collect();
            items.join(" ")
        };
        let shortest = |lengths: &[(Category, Vec<f64>)]| {
            // The first category is the shortest path over all layers.
            (lengths.first()).map_or_else(String::new, |(_, lengths)| lengths[i].to_string())
        };
        rows.push(vec![
            i.to_string(),
            layer.op.to_string(),
            layer.units.map_or_else(String::new, |u| u.to_string()),
            layer.stride.map_or_else(String::new, |s| s.to_string()),
            report::number(network.masses()[i]),
            list(network.parents(i)),
            shortest(&paths.to_input),
            shortest(&paths.to_output),
            network.shrinkage_out(i).map_or_else(String::new, |by| {
                if by == 1 {
                    "full".to_owned()
                } else {
                    format!("1/{by}")
                }
            }),
        ]);
    }
    format!(
        "{}\n{}, {} layers, {} edges, total mass {}, degrees at most {} in and {} out\n",
        report::table(&rows, &[0, 2, 3, 4, 6, 7]),
        network.kind(),
        network.len(),
        network.edges().len(),
        report::number(network.total_mass()),
        network.max_in_degree(),
        network.max_out_degree(),
    )
}
