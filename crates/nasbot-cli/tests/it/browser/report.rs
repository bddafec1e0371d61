//! `nasbot report` in a browser.

use serde_json::json;

use super::driver::{Browser, ENTER, ESCAPE, RIGHT, TAB};
use crate::support::Folder;

/// What would show that text was taken for HTML.
const HOSTILE: &str =
    "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1>\"'&<!--";

/// A study of networks of which some score and some fail with a message that looks like HTML, under a name that does too.
fn hostile(folder: &Folder) -> String {
    let name = "a<img src=x onerror=window.hacked=1>\"'&\u{202e}.nasbot.db".to_owned();
    folder.write("message", HOSTILE);
    folder.script(
        "objective",
        &format!(
            "#!/bin/sh\nread -r network\nn=$(printf '%s' \"$network\" | cksum | cut -c1-2)\ncat {} >&2\n\
             [ $((n % 4)) = 0 ] && exit 3\necho '{{\"score\": 0.'$n', \"metrics\": {{\"<b>&\": 1}}}}'\n",
            folder.path("message").display()
        ),
    );
    folder.write(
        "hostile.toml",
        &format!(
            "# {HOSTILE}\n[space]\nkind = \"mlp-class\"\nmax-layers = 12\nmax-units = 64\n[search]\nstrategy = \"evolution\"\n\
             [workers]\nbackend = \"command\"\ncommand = [\"{}\"]\ndevices = [\"cpu\"]\n[budget]\nevaluations = 24\n",
            folder.path("objective").display()
        ),
    );
    folder
        .run(&["search", "hostile.toml", "--study", &name, "-q"])
        .ok();
    name
}

fn file(folder: &Folder, name: &str) -> String {
    format!("file://{}", folder.path(name).display())
}

#[test]
fn browser_shows_a_report_by_mouse_and_keyboard_and_takes_no_text_for_html() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let folder = Folder::new();
    let study = hostile(&folder);
    folder.run(&["report", &study, "-o", "page.html"]).ok();
    browser.open(&file(&folder, "page.html"));
    browser.assert_quiet();
    assert_eq!(
        browser.script("return [...document.querySelectorAll('section')].map(s => s.id)"),
        json!([
            "summary",
            "best",
            "progress",
            "timeline",
            "failures",
            "map",
            "tree",
            "calibration",
            "evaluations",
            "repeat"
        ])
    );
    assert_eq!(
        browser.script("return performance.getEntriesByType('resource').length"),
        0
    );

    // What an outsider wrote is text.
    let heading = browser.script("return document.querySelector('h1').textContent");
    assert_eq!(heading, "a<img src=x onerror=window.hacked=1>\"'&\\u{202e}");
    let shown = browser.script("return document.getElementById('repeat').textContent");
    assert!(shown.as_str().unwrap().contains(HOSTILE));
    let failure = browser.script("return document.getElementById('failures').textContent");
    assert!(
        failure
            .as_str()
            .unwrap()
            .contains("onerror=window.hacked=1"),
        "{failure}"
    );

    // Hovering shows what a point is; a click opens it, with drawing and log; Escape closes it.
    browser.point("#map .point", false);
    browser
        .wait_for("!document.getElementById('tip').hidden && document.querySelector('#tip svg')");
    browser.point("#map .point", true);
    browser.wait_for("document.querySelector('dialog').open");
    assert!(
        browser
            .script("return document.querySelectorAll('dialog .drawing rect').length")
            .as_u64()
            > Some(3)
    );
    let log = browser.script("return document.querySelector('dialog pre').textContent");
    assert!(log.as_str().unwrap().contains("window.hacked=1"));
    let id = browser.script("return document.querySelector('dialog h2').textContent");
    browser.script("document.querySelectorAll('dialog details').forEach(d => d.open = true)");
    browser.wait_for("document.querySelector('dialog').textContent.includes('<b>&')");
    browser.press(ESCAPE);
    browser.wait_for("!document.querySelector('dialog').open");

    // The same by keyboard: Tab reaches the points of the scores, arrows go on, Enter opens.
    browser.script("document.querySelector('[data-key=axis]').focus()");
    browser.press(TAB);
    assert_eq!(
        browser.script("return document.activeElement.dataset.key"),
        "progress"
    );
    browser.press(&RIGHT.repeat(2));
    browser.wait_for("!document.getElementById('tip').hidden");
    let said = browser.script("return document.querySelector('[aria-live]').textContent");
    assert!(said.as_str().unwrap().starts_with('#'), "{said}");
    browser.press(ENTER);
    browser.wait_for("document.querySelector('dialog').open");
    assert_eq!(
        browser.script("return document.activeElement.textContent"),
        "Close"
    );
    let title = browser.script("return document.querySelector('dialog h2').textContent");
    assert_eq!(title, said);
    assert_ne!(title, id);
    browser.press(ENTER);
    browser.wait_for("!document.querySelector('dialog').open");

    // Each chart has a table, and the other axes draw.
    browser.script("document.querySelectorAll('#main details').forEach(d => d.open = true)");
    browser.wait_for("document.querySelectorAll('#map tbody tr').length === 24");
    for axis in ["sum", "end"] {
        browser.script(&format!(
            "const axis = document.querySelector('[data-key=axis]'); axis.value = '{axis}'; axis.dispatchEvent(new Event('change'))"
        ));
        browser.wait_for("document.querySelectorAll('#progress .points > *').length === 24");
    }
    assert_eq!(browser.script("return window.hacked"), json!(null));
    assert_eq!(
        browser.script("return document.querySelectorAll('img').length"),
        0
    );
    browser.assert_quiet();
}

#[test]
fn browser_shows_a_report_on_a_telephone_in_the_dark() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let folder = Folder::new();
    let study = hostile(&folder);
    folder.run(&["report", &study, "-o", "page.html"]).ok();
    browser.size(400, 800);
    browser.dark(true);
    browser.open(&file(&folder, "page.html"));
    // Nothing is wider than the screen, but what can be scrolled by itself.
    assert_eq!(
        browser.script("return document.documentElement.scrollWidth"),
        400
    );
    browser.point("#tree .point", true);
    browser.wait_for("document.querySelector('dialog').open");
    assert_eq!(
        browser
            .script("return document.querySelector('dialog').getBoundingClientRect().width <= 400"),
        true
    );
    // Text and its ground differ as the guidelines for accessibility demand of small text: 4.5 to 1.
    let contrasts = "
        const light = text => { const c = text.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255).map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
            return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]; };
        const ground = node => { for (let at = node; at; at = at.parentElement) { const c = getComputedStyle(at).backgroundColor; if (!/, 0\\)$/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
        return ['h1', 'nav a', '.soft', 'td', 'th', 'button', 'button.link', 'summary', 'pre', 'p'].map(name => {
            const node = document.querySelector('#main ' + name) || document.querySelector(name);
            const [a, b] = [light(getComputedStyle(node).color), light(ground(node))];
            return [name, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]; });";
    for is_dark in [true, false] {
        browser.dark(is_dark);
        let ground = browser.script("return getComputedStyle(document.body).backgroundColor");
        assert_eq!(ground == "rgb(15, 19, 24)", is_dark, "{ground}");
        for pair in browser.script(contrasts).as_array().unwrap() {
            assert!(pair[1].as_f64() > Some(4.5), "{pair}, dark: {is_dark}");
        }
    }
    browser.assert_quiet();
}

#[test]
fn browser_compares_studies() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let folder = Folder::new();
    for (name, strategy, seed) in [
        ("a", "random", "1"),
        ("b", "random", "2"),
        ("c", "evolution", "1"),
    ] {
        folder.write("s.toml", &format!(
            "[space]\nkind = \"cnn\"\nmax-layers = 14\n[search]\nstrategy = \"{strategy}\"\n[workers]\nbackend = \"synthetic\"\n[budget]\nevaluations = 40\n"
        ));
        folder
            .run(&[
                "search",
                "s.toml",
                "--seed",
                seed,
                "--study",
                &format!("{name}.nasbot.db"),
                "-q",
            ])
            .ok();
    }
    folder
        .run(&["report", "a.nasbot.db", "b.nasbot.db", "c.nasbot.db"])
        .ok();
    browser.open(&file(&folder, "report.html"));
    let rows = browser.script("return [...document.querySelectorAll('#comparison tbody tr')].map(r => [r.cells[0].textContent.trim(), r.cells[1].textContent, r.cells[2].textContent])");
    assert_eq!((&rows[0][0], &rows[0][1]), (&json!("a, b"), &json!("2")));
    assert_eq!((&rows[1][0], &rows[1][1]), (&json!("c"), &json!("1")));
    // The mean and its standard error of the two best scores.
    let best = |name: &str| {
        folder
            .run(&["show", &format!("{name}.nasbot.db"), "--format", "json"])
            .json()["best"]["score"]
            .as_f64()
            .unwrap()
    };
    let (a, b) = (best("a"), best("b"));
    assert!((a - b).abs() > 1e-3, "the two searches are one: {a} {b}");
    let shown = rows[0][2]
        .as_str()
        .unwrap()
        .split(" ± ")
        .map(|x| x.parse::<f64>().unwrap())
        .collect::<Vec<_>>();
    assert!(
        (shown[0] - f64::midpoint(a, b)).abs() < 1e-3 * shown[0].abs(),
        "{shown:?} {a} {b}"
    );
    assert!(
        (shown[1] - (a - b).abs() / 2.0).abs() <= 0.06 * shown[1],
        "{shown:?} {a} {b}"
    );
    assert_eq!(
        browser.script("return document.querySelectorAll('#comparison path[opacity]').length"),
        1
    );
    browser.script("const study = document.querySelector('[data-key=study]'); study.value = '2'; study.dispatchEvent(new Event('change'))");
    browser.wait_for("document.getElementById('summary-title').textContent === 'Summary: c'");
    browser.assert_quiet();
}
