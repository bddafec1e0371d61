//! The settings of evaluations that are jobs of Ray, under the names that its API has for them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// `[ray]`: where Ray's jobs are submitted, and what is asked for each evaluation.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Ray {
    /// The address of the dashboard, which begins with `http://` or `https://`.
    ///
    /// Default: that of the variable `RAY_API_SERVER_ADDRESS`, else of `RAY_ADDRESS`, else `http://127.0.0.1:8265`.
    /// Example: `"http://head:8265"`.
    pub address: Option<String>,
    /// Processor cores. A worker takes as many threads, unless `workers.threads` says otherwise.
    ///
    /// Default: `1.0`.
    pub entrypoint_num_cpus: Option<f64>,
    /// GPUs, also a share of one such as `0.5`.
    ///
    /// Default: none, so that a job sees none.
    /// Example: `1`.
    pub entrypoint_num_gpus: Option<f64>,
    /// Memory, in bytes or as in `"16G"`. Ray places jobs by it, and does not limit what they take.
    ///
    /// Default: none.
    /// Example: `"32G"`.
    pub entrypoint_memory: Option<Memory>,
    /// Custom resources.
    ///
    /// Default: none.
    /// Example: `{ "accelerator_type:A100" = 0.001 }`.
    pub entrypoint_resources: BTreeMap<String, f64>,
    /// Labels that a node must have.
    ///
    /// Default: none.
    /// Example: `{ "ray.io/accelerator-type" = "A100" }`.
    pub entrypoint_label_selector: BTreeMap<String, String>,
    /// Ray's runtime environment, passed on as it is: image, packages, variables. It is recorded, and no place for
    /// secrets.
    ///
    /// Default: none.
    /// Example: `{ image_uri = "image:1" }`.
    pub runtime_env: Map<String, Value>,
    /// Lines of shell (bash) before the job's program.
    ///
    /// Default: none.
    /// Example: `["source env.sh"]`.
    pub setup: Vec<String>,
}

/// An amount of memory: bytes, or a text such as `"16G"`, in powers of 1024.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "expected a number of bytes or a text such as \"16G\""
)]
pub enum Memory {
    /// So many bytes.
    Bytes(u64),
    /// A number with a unit: `K`, `M`, `G` or `T`.
    Text(String),
}

impl Memory {
    /// In bytes; `None` for a text that is no amount of memory.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        let text = match self {
            Self::Bytes(bytes) => return Some(*bytes),
            Self::Text(text) => text.trim(),
        };
        let end = text.find(|c: char| !c.is_ascii_digit());
        let (number, unit) = text.split_at(end.unwrap_or(text.len()));
        let power = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 0,
            "k" | "kb" | "kib" => 1,
            "m" | "mb" | "mib" => 2,
            "g" | "gb" | "gib" => 3,
            "t" | "tb" | "tib" => 4,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(1024_u64.pow(power))
    }
}

impl Ray {
    /// The processor cores of a job.
    #[must_use]
    pub fn cpus(&self) -> f64 {
        self.entrypoint_num_cpus.unwrap_or(1.0)
    }

    /// What cannot be: the key, and what is wrong with it.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if let Some(address) = &self.address
            && let Err(problem) = check_address(address)
        {
            problems.push(("address", format!("address: {problem}")));
        }
        for (key, value) in [
            ("entrypoint-num-cpus", self.entrypoint_num_cpus),
            ("entrypoint-num-gpus", self.entrypoint_num_gpus),
        ] {
            if let Some(value) = value
                && !(value.is_finite() && value >= 0.0)
            {
                problems.push((key, format!("{key} is {value}, it must be at least 0")));
            }
        }
        if let Some(gpus) = self.entrypoint_num_gpus
            && gpus > 1.0
            && gpus.fract() != 0.0
        {
            let message = format!(
                "entrypoint-num-gpus is {gpus}, it must be a whole number where it is above 1"
            );
            problems.push(("entrypoint-num-gpus", message));
        }
        for (name, value) in &self.entrypoint_resources {
            if !(value.is_finite() && *value >= 0.0) {
                let message = format!("{name} is {value}, it must be at least 0");
                problems.push(("entrypoint-resources", message));
            }
        }
        if let Some(memory @ Memory::Text(text)) = &self.entrypoint_memory
            && memory.bytes().is_none()
        {
            let message = format!("entrypoint-memory is \"{text}\", expected as in \"16G\"");
            problems.push(("entrypoint-memory", message));
        }
        problems
    }
}

/// Whether jobs can be submitted to an address.
///
/// # Errors
///
/// What is wrong with it. Its user and password, if it has them, are not repeated.
pub(crate) fn check_address(address: &str) -> Result<(), String> {
    let rest = (address.strip_prefix("http://")).or_else(|| address.strip_prefix("https://"));
    let Some(rest) = rest else {
        return Err(format!(
            "\"{address}\" must begin with http:// or https://: the address of Ray's dashboard, as in \"http://head:8265\""
        ));
    };
    // There is a first part always.
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    if host.contains('@') {
        return Err(
            "a user and a password do not belong here: set RAY_AUTH_TOKEN, or RAY_JOB_HEADERS"
                .to_owned(),
        );
    }
    let is_plain = !rest.contains(['?', '#']) && !rest.contains(char::is_whitespace);
    if host.is_empty() || !is_plain {
        return Err(format!(
            "\"{address}\" is no address of a dashboard, as \"http://head:8265\" is"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_powers_of_1024() {
        let bytes = |text: &str| Memory::Text(text.to_owned()).bytes();
        assert_eq!(bytes("16G"), Some(17_179_869_184));
        assert_eq!(bytes(" 500 MiB"), Some(524_288_000));
        assert_eq!(bytes("1024"), Some(1024));
        assert_eq!(Memory::Bytes(7).bytes(), Some(7));
        for wrong in ["", "G", "16X", "1.5G", "-1G", "99999999T"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_address_is_that_of_a_dashboard() {
        for good in [
            "http://127.0.0.1:8265",
            "https://ray.example.com/team/",
            "http://[::1]:8265",
        ] {
            assert_eq!(check_address(good), Ok(()), "{good}");
        }
        for (wrong, expected) in [
            ("head:8265", "http://"),
            ("ray://head:10001", "http://"),
            ("auto", "http://"),
            ("http://", "no address"),
            ("http://head:8265/?a=b", "no address"),
            ("http://he ad", "no address"),
        ] {
            let problem = check_address(wrong).unwrap_err();
            assert!(problem.contains(expected), "{wrong}: {problem}");
        }
        let problem = check_address("https://ann:secret@head").unwrap_err();
        assert!(problem.contains("RAY_AUTH_TOKEN") && !problem.contains("secret"));
    }
}
