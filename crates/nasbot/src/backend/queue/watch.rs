//! The thread that reads what jobs have written.

use std::thread;
use std::time::Duration;

use super::entry::Phase;
use super::folder::Folder;
use super::records::{Paused, ResultFile, Sign};
use super::shared::{Shared, State};
use crate::backend::{End, Handle, Report};
use crate::study::Progress;

/// How often files are looked at.
const TICK: Duration = Duration::from_millis(200);
/// How long a work that was cancelled waits for its engine to say so. Its job ends by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// Watches until the back-end is gone.
pub(super) fn watch(shared: &Shared) {
    loop {
        let works: Vec<(Handle, Folder, Option<u64>)> = {
            let state = shared.lock();
            if state.is_closing {
                return;
            }
            let entries = state.entries.iter().filter(|(_, entry)| !entry.is_over());
            entries
                .map(|(handle, entry)| (handle.clone(), entry.folder.clone(), entry.progress))
                .collect()
        };
        for (handle, folder, progress) in works {
            // A disk may take its time: nothing is locked meanwhile.
            let news = News::read(&folder, progress);
            take(shared, &mut shared.lock(), &handle, news);
        }
        thread::sleep(TICK);
    }
}

/// What a job has written.
struct News {
    sign: Option<Sign>,
    progress: Vec<Progress>,
    place: u64,
    paused: Option<Paused>,
    result: Option<ResultFile>,
}

impl News {
    fn read(folder: &Folder, progress: Option<u64>) -> Self {
        // The result first: what the job wrote before is there too, then.
        let result = folder.result().unwrap_or_else(|error| {
            // It appears as a whole: what can't be read now can't be read later.
            matches!(error, crate::Error::Json(_)).then(|| ResultFile::Unusable {
                message: format!("{}/result.json: {error}", folder.0.display()),
            })
        });
        let (lines, place) = folder.progress(progress.unwrap_or(0));
        // What an earlier search may have reported is left out, but for the last.
        let new = match progress {
            Some(_) => lines.as_slice(),
            None => &lines[lines.len().saturating_sub(1)..],
        };
        let read = |line: &String| serde_json::from_str(line).ok();
        Self {
            sign: folder.sign(),
            progress: new.iter().filter_map(read).collect(),
            place,
            // What can't be read yet is read the next time.
            paused: folder.paused().ok().flatten(),
            result,
        }
    }
}

fn take(shared: &Shared, state: &mut State, handle: &Handle, news: News) {
    let Some(entry) = state.entries.get_mut(handle).filter(|e| !e.is_over()) else {
        return;
    };
    entry.progress = Some(news.place);
    let number = entry.submission.number;
    if let Some(sign) = news.sign
        && sign.number != entry.begun
    {
        entry.begun = sign.number;
        shared.reports.send(Report::Started {
            id: entry.id,
            slot: entry.slot,
            device: format!("{} {}", sign.node, sign.device),
        });
        state.has_signs = true;
    }
    for progress in news.progress {
        shared.reports.send(Report::Progress(progress));
    }
    if let Some(result) = news.result {
        // Of an earlier submission, late: the present one is not wanted any more.
        let is_late = entry.begun != number && matches!(entry.phase, Phase::Queued { .. });
        let stray = entry.submission.id.clone().filter(|_| is_late);
        state.strays.extend(stray);
        shared.end(state, handle, result.end());
    } else if entry
        .cancelled
        .is_some_and(|since| since.elapsed() > PATIENCE)
    {
        shared.end(state, handle, End::Stopped);
    } else if news.paused.is_some_and(|paused| paused.number == number)
        && !matches!(entry.phase, Phase::Due { .. } | Phase::Handed)
        && entry.cancelled.is_none()
    {
        let id = entry.id;
        match entry.go_on(shared.time_limits, "it was paused before its time limit") {
            None => shared.say(format!("evaluation {id} goes on in another job")),
            Some(end) => shared.end(state, handle, end),
        }
    }
}
