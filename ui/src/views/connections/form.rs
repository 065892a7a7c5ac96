//! A profile while it is edited: as texts, and what is wrong with each.

use parallax_core::deployment::{Environment, SecretSource};
use parallax_core::error::Error;
use parallax_core::profile::{Profile, SecretText};
use parallax_core::store::Access;

use super::url;

/// The form's texts; the secret is forgotten with it.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) source: Source,
    /// The variable, the path or the command line of the source.
    pub(super) place: String,
    pub(super) secret: SecretText,
    pub(super) environment: Option<Environment>,
    pub(super) access: Access,
    pub(super) tags: String,
    /// The name of the saved profile that is edited; a name stands for good.
    original: Option<String>,
    taken: Vec<String>,
    /// Whether empty fields are complained about: not before the person wants to go on.
    strict: bool,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Open,
    Saving,
    Refused(Error),
}

/// Where the secret comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    None,
    Keychain,
    Variable,
    File,
    Command,
}

impl Source {
    pub(super) const ALL: [(Self, &'static str); 5] = [
        (Self::None, "no secret"),
        (Self::Keychain, "keychain"),
        (Self::Variable, "environment variable"),
        (Self::File, "file"),
        (Self::Command, "command"),
    ];
}

/// The fields that may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    Url,
    Place,
}

impl Form {
    pub(super) fn new(taken: Vec<String>) -> Self {
        Self {
            name: String::new(),
            url: String::new(),
            source: Source::None,
            place: String::new(),
            secret: SecretText(String::new()),
            environment: None,
            access: Access::ReadOnly,
            tags: String::new(),
            original: None,
            taken,
            strict: false,
            state: State::Open,
        }
    }

    /// A form for a URL; its password goes to the keychain's field.
    pub(super) fn of_url(text: &str, taken: Vec<String>) -> Self {
        let mut form = Self::new(taken);
        form.take_url(text.trim().to_owned());
        form.name = url::name(&form.url, &form.taken);
        form
    }

    pub(super) fn edit(profile: &Profile) -> Self {
        let (source, place) = match &profile.secret {
            None => (Source::None, String::new()),
            Some(SecretSource::Keychain) => (Source::Keychain, String::new()),
            Some(SecretSource::Env(name)) => (Source::Variable, name.clone()),
            Some(SecretSource::File(path)) => (Source::File, path.clone()),
            Some(SecretSource::Command(line)) => (Source::Command, line.clone()),
        };
        Self {
            name: profile.name.clone(),
            url: profile.url.clone(),
            source,
            place,
            environment: profile.environment,
            access: profile.access,
            tags: profile.tags.join(", "),
            original: Some(profile.name.clone()),
            ..Self::new(Vec::new())
        }
    }

    /// Takes a URL whose password, if it has one, becomes the secret. True if it had one.
    pub(super) fn take_url(&mut self, mut text: String) -> bool {
        let secret = url::clean(&mut text);
        self.url = text;
        let Some(secret) = secret else { return false };
        self.secret = secret;
        if self.source == Source::None {
            self.source = Source::Keychain;
        }
        true
    }

    pub(super) fn edits(&self, name: &str) -> bool {
        self.original.as_deref() == Some(name)
    }

    pub(super) fn is_new(&self) -> bool {
        self.original.is_none()
    }

    pub(super) fn saving(&mut self) {
        self.state = State::Saving;
    }

    pub(super) fn is_saving(&self) -> bool {
        matches!(self.state, State::Saving)
    }

    pub(super) fn refused(&mut self, error: Error) {
        self.state = State::Refused(error);
    }

    pub(super) fn error(&self) -> Option<&Error> {
        match &self.state {
            State::Refused(error) => Some(error),
            State::Open | State::Saving => None,
        }
    }

    /// The profile and its secret; from now on, what is wrong is said even of empty fields.
    pub(super) fn checked(&mut self) -> Option<(Profile, Option<SecretText>)> {
        self.strict = true;
        let all = [Field::Name, Field::Url, Field::Place];
        if all.into_iter().any(|it| self.fault(it).is_some()) {
            return None;
        }
        self.state = State::Open;
        let typed = self.source == Source::Keychain && !self.secret.0.is_empty();
        Some((self.profile(), typed.then(|| self.secret.clone())))
    }

    fn profile(&self) -> Profile {
        let place = || self.place.trim().to_owned();
        Profile {
            name: self.name.trim().to_owned(),
            url: self.url.trim().to_owned(),
            secret: match self.source {
                Source::None => None,
                Source::Keychain => Some(SecretSource::Keychain),
                Source::Variable => Some(SecretSource::Env(place())),
                Source::File => Some(SecretSource::File(place())),
                Source::Command => Some(SecretSource::Command(place())),
            },
            environment: self.environment,
            access: self.access,
            tags: self.tag_list(),
        }
    }

    fn tag_list(&self) -> Vec<String> {
        let tags = self.tags.split(',').map(str::trim);
        tags.filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// What is wrong with a field, in words that say what would be right.
    pub(super) fn fault(&self, field: Field) -> Option<&'static str> {
        let text = match field {
            Field::Name => &self.name,
            Field::Url => &self.url,
            Field::Place => &self.place,
        };
        let text = text.trim();
        if text.is_empty() && !self.strict {
            return None;
        }
        match field {
            Field::Name if self.is_new() => self.name_fault(text),
            Field::Name => None,
            Field::Url => url_fault(text),
            Field::Place => self.place_fault(text),
        }
    }

    fn name_fault(&self, name: &str) -> Option<&'static str> {
        let starts_well = name.starts_with(|it: char| it.is_ascii_lowercase());
        let fits = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "_-".contains(it);
        if name.is_empty() {
            Some("give it a name, for example orders-staging")
        } else if !starts_well {
            Some("begin with a small letter from a to z")
        } else if !name.chars().all(fits) {
            Some("use only a to z, 0 to 9, - and _")
        } else if self.taken.iter().any(|it| it == name) {
            Some("this name is taken: choose another, or edit that connection")
        } else {
            None
        }
    }

    fn place_fault(&self, place: &str) -> Option<&'static str> {
        match self.source {
            Source::Variable if place.is_empty() => Some("name the variable that holds it"),
            Source::Variable if !is_variable(place) => {
                Some("a variable's name has only letters, digits and _, and begins with no digit")
            }
            Source::File if place.is_empty() => Some("give the path of the file that holds it"),
            Source::Command if place.is_empty() => {
                Some("give the program that prints it, with its arguments")
            }
            Source::None | Source::Keychain | Source::Variable | Source::File | Source::Command => {
                None
            }
        }
    }
}

fn url_fault(url: &str) -> Option<&'static str> {
    let scheme = url.split_once(':').map(|it| it.0);
    let is_scheme = |it: &str| {
        let fits = |it: char| it.is_ascii_alphanumeric() || "+-.".contains(it);
        it.starts_with(|it: char| it.is_ascii_alphabetic()) && it.chars().all(fits)
    };
    if url.is_empty() {
        Some("say where the store is, for example postgres://ann@db.example/shop")
    } else if !scheme.is_some_and(is_scheme) {
        Some("begin with what kind of store it is and a colon, for example redis://")
    } else if url.contains(char::is_whitespace) {
        Some("a URL has no blanks: write %20 for one")
    } else {
        None
    }
}

fn is_variable(name: &str) -> bool {
    let starts_well = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
    let fits = |it: char| it.is_ascii_alphanumeric() || it == '_';
    starts_well && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        let taken = vec!["orders".to_owned()];
        Form::of_url("postgres://ann:s3cret@orders.example/shop", taken)
    }

    #[test]
    fn a_pasted_url_fills_the_form_and_keeps_no_password() {
        let mut form = form();
        assert_eq!(form.name, "orders-2");
        let (profile, secret) = form.checked().expect("a profile");
        assert_eq!(profile.url, "postgres://ann@orders.example/shop");
        assert_eq!(profile.secret, Some(SecretSource::Keychain));
        assert_eq!(profile.access, Access::ReadOnly);
        assert_eq!(secret, Some(SecretText("s3cret".into())));
        assert!(!format!("{form:?}").contains("s3cret"));
    }

    #[test]
    fn a_secret_goes_nowhere_but_into_the_keychain() {
        let mut form = form();
        form.source = Source::Variable;
        form.place = "SHOP_PASSWORD".into();
        let (profile, secret) = form.checked().expect("a profile");
        assert_eq!(
            profile.secret,
            Some(SecretSource::Env("SHOP_PASSWORD".into()))
        );
        assert_eq!(secret, None);
    }

    #[test]
    fn empty_fields_are_complained_about_only_when_the_person_goes_on() {
        let mut form = Form::new(Vec::new());
        assert_eq!(form.fault(Field::Name), None);
        assert!(form.checked().is_none());
        assert!(form.fault(Field::Name).is_some());
        assert!(form.fault(Field::Url).is_some());
        assert_eq!(form.fault(Field::Place), None);
    }

    #[test]
    fn what_is_wrong_is_said_of_each_field() {
        let mut form = form();
        for (name, is_right) in [
            ("orders", false),
            ("Orders", false),
            ("a b", false),
            ("a-1_b", true),
        ] {
            form.name = name.into();
            assert_eq!(form.fault(Field::Name).is_none(), is_right, "{name}");
        }
        for (url, is_right) in [
            ("db.example", false),
            ("redis://a b", false),
            ("sqlite:x.db", true),
        ] {
            form.url = url.into();
            assert_eq!(form.fault(Field::Url).is_none(), is_right, "{url}");
        }
        form.source = Source::Variable;
        form.place = "9LIVES".into();
        assert!(form.fault(Field::Place).is_some());
    }
}
