//! `nasbot serve` in a browser.

use serde_json::json;

use super::driver::Browser;
use crate::serving::Server;
use crate::support::Folder;

#[test]
fn browser_follows_a_search_from_nothing_to_its_end() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let folder = Folder::new();
    std::fs::create_dir(folder.path("runs")).unwrap();
    let server = Server::start(&folder, &["serve", "runs"]);
    browser.open(&server.address);
    browser.wait_for("document.body.textContent.includes('No study is here yet')");

    // A study comes into the list by itself, and its page is there before anything has a score.
    folder.write("s.toml", "[space]\nkind = \"mlp-reg\"\nmax-layers = 12\n[workers]\nbackend = \"hand\"\n[budget]\nevaluations = 9\n");
    let name = "runs/<b>a&\".nasbot.db";
    let asked = folder
        .run(&["ask", "s.toml", "--study", name, "--format", "json"])
        .json();
    browser.wait_for("document.querySelector('#studies a')");
    assert_eq!(
        browser.script("return document.querySelector('#studies a').textContent"),
        "<b>a&\""
    );
    browser.point("#studies a", true);
    browser.wait_for("document.getElementById('summary')");
    let text = browser.script("return document.getElementById('main').textContent");
    assert!(text.as_str().unwrap().contains("no score yet"), "{text}");
    browser.wait_for("document.querySelector('.badge.on')");

    // What is told is pushed to the page.
    let tell = |id: &serde_json::Value, score: &str| {
        folder.run(&["tell", name, &id.to_string(), score]).ok();
    };
    tell(&asked["id"], "0.5");
    browser.wait_for("document.querySelectorAll('#progress .points > *').length === 1");
    browser.script("document.querySelector('#evaluations [data-key=order]').focus()");
    for score in ["0.25", "0.75", "0.625"] {
        let asked = folder.run(&["ask", name, "--format", "json"]).json();
        tell(&asked["id"], score);
    }
    browser.wait_for("document.querySelectorAll('#progress .points > *').length === 4");
    browser.wait_for("document.querySelectorAll('#map .points > *').length >= 3");
    // The focus stays where it was, and details come when they are asked for.
    assert_eq!(
        browser.script("return document.activeElement.dataset.key"),
        "order"
    );
    browser.point("#map .point", true);
    browser.wait_for("document.querySelectorAll('dialog .drawing rect').length > 2");
    browser.assert_quiet();

    drop(server);
    browser.wait_for("document.querySelector('.badge.off')");
    assert_eq!(
        browser.script("return document.querySelectorAll('#progress .points > *').length"),
        json!(4)
    );
}
