//! `parallax profiles`: needs no deployment file.

use parallax_core::deployment::SecretSource;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::profile::{Profile, StepOutcome, TestStep, split_url};
use parallax_core::store::Access;
use parallax_workbench::Workbench;
use serde_json::{Value, json};

use super::{millis, name, print_json};
use crate::args::{AddArguments, ProfilesCommand};
use crate::outcome::Outcome;
use crate::table::Table;
use crate::terminal::{Style, print, read_secret, warn};

pub(crate) async fn run(
    workbench: &Workbench,
    command: ProfilesCommand,
    json: bool,
) -> Result<Outcome> {
    match command {
        ProfilesCommand::List => list(&workbench.profiles().await?, json)?,
        ProfilesCommand::Add(arguments) => add(workbench, arguments, json).await?,
        ProfilesCommand::Test { name } => return test(workbench, &name, json).await,
        ProfilesCommand::Remove { name } => {
            let left = workbench.remove_profile(&name).await?;
            changed(&left, json, &format!("removed the profile {name}"))?;
        }
    }
    Ok(Outcome::Fine)
}

fn list(profiles: &[Profile], json: bool) -> Result<()> {
    if json {
        return print_profiles(profiles);
    }
    if profiles.is_empty() {
        return print("no profile is saved; save one with `parallax profiles add NAME URL`\n");
    }
    print(&text(profiles))
}

async fn add(workbench: &Workbench, arguments: AddArguments, json: bool) -> Result<()> {
    let replace = arguments.replace;
    let profile = profile(arguments)?;
    let is_there = workbench
        .profiles()
        .await?
        .iter()
        .any(|it| it.name == profile.name);
    if is_there && !replace {
        return Err(refused("there is a profile of that name already")
            .hint("give it another name, or take its place with --replace"));
    }
    let secret = match profile.secret {
        Some(SecretSource::Keychain) => Some(read_secret(&profile.name)?),
        _ => None,
    };
    let name = profile.name.clone();
    let saved = workbench.save_profile(profile, secret).await?;
    let hint = format!("saved the profile {name}; test it with `parallax profiles test {name}`");
    changed(&saved, json, &hint)
}

/// The profile that was typed. A password in its URL is refused and not repeated: the shell keeps what is typed.
fn profile(arguments: AddArguments) -> Result<Profile> {
    if let (_, Some(_)) = split_url(&arguments.url) {
        return Err(refused("its URL holds a password, which the shell's history now keeps")
            .hint("take the password out of the URL and of the history, and say where it is kept, for example --secret keychain"));
    }
    let secret = arguments.secret.as_deref().map(str::parse).transpose()?;
    Ok(Profile {
        name: arguments.name,
        url: arguments.url,
        secret,
        environment: arguments.environment.map(Into::into),
        access: arguments.access.into(),
        tags: arguments.tags,
    })
}

async fn test(workbench: &Workbench, name: &str, json: bool) -> Result<Outcome> {
    let profiles = workbench.profiles().await?;
    let profile = find(&profiles, name)?.clone();
    let steps = workbench.test_profile(profile, None).await;
    let is_fine = steps.iter().all(|it| it.outcome != StepOutcome::Failed);
    if json {
        let steps: Vec<Value> = steps.iter().map(step_document).collect();
        print_json(&json!({ "format": 1, "name": name, "passed": is_fine, "steps": steps }))?;
    } else {
        print(&steps_text(&steps))?;
    }
    Ok(if is_fine {
        Outcome::Fine
    } else {
        Outcome::Unanswered
    })
}

fn find<'p>(profiles: &'p [Profile], name: &str) -> Result<&'p Profile> {
    profiles.iter().find(|it| it.name == name).ok_or_else(|| {
        let names: Vec<&str> = profiles.iter().map(|it| it.name.as_str()).collect();
        let hint = match names.as_slice() {
            [] => "save it with `parallax profiles add NAME URL`".to_owned(),
            names => format!("saved are: {}", names.join(", ")),
        };
        Error::new(ErrorKind::NotFound, format!("find the profile {name:?}"))
            .because("no profile of that name is saved")
            .hint(hint)
    })
}

fn changed(profiles: &[Profile], json: bool, what: &str) -> Result<()> {
    if json {
        return print_profiles(profiles);
    }
    warn(what);
    Ok(())
}

fn print_profiles(profiles: &[Profile]) -> Result<()> {
    let profiles: Vec<Value> = profiles.iter().map(document).collect();
    print_json(&json!({ "format": 1, "profiles": profiles }))
}

/// Of a command only the program is told: its arguments may be private.
fn document(profile: &Profile) -> Value {
    json!({
        "name": profile.name,
        "url": profile.url,
        "secret": profile.secret.as_ref().map(ToString::to_string),
        "environment": profile.environment,
        "access": profile.access,
        "tags": profile.tags,
    })
}

fn text(profiles: &[Profile]) -> String {
    let style = Style::of_stdout();
    let mut table = Table::new(["profile", "url", "secret", "environment", "access", "tags"]);
    for profile in profiles {
        let access = name(&profile.access);
        table.row(vec![
            style.strong(&profile.name),
            profile.url.clone(),
            profile
                .secret
                .as_ref()
                .map_or_else(dash, ToString::to_string),
            profile.environment.map_or_else(dash, |it| it.to_string()),
            match profile.access {
                Access::ReadOnly => access,
                Access::ReadWrite => style.warning(&access),
            },
            profile.tags.join(", "),
        ]);
    }
    table.render()
}

fn dash() -> String {
    "-".to_owned()
}

fn step_document(step: &TestStep) -> Value {
    json!({
        "step": step.kind,
        "outcome": step.outcome,
        "detail": step.detail,
        "hint": step.hint,
        "took_ms": millis(step.took),
    })
}

fn steps_text(steps: &[TestStep]) -> String {
    let style = Style::of_stdout();
    let mut table = Table::new(["step", "", "took", "found"]);
    for step in steps {
        let (mark, took) = match step.outcome {
            StepOutcome::Passed => (style.good("✓"), parallax_core::human::duration(step.took)),
            StepOutcome::Failed => (style.bad("✖"), parallax_core::human::duration(step.took)),
            StepOutcome::Skipped => (style.faint("–"), dash()),
        };
        table.row(vec![name(&step.kind), mark, took, step.detail.clone()]);
    }
    let mut text = table.render();
    for hint in steps.iter().filter_map(|it| it.hint.as_ref()) {
        text.push_str(&format!("\nhint: {hint}\n"));
    }
    text
}

fn refused(why: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, "save the profile").because(why)
}
