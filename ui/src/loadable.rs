//! Something that is fetched: it keeps its last value while a newer one comes, and when one fails to.

use parallax_core::error::Error;

/// A fetched value, whether a newer one is on its way, and why the last attempt failed.
#[derive(Clone, Debug)]
pub(crate) struct Loadable<T> {
    value: Option<T>,
    error: Option<Error>,
    loading: bool,
}

impl<T> Default for Loadable<T> {
    fn default() -> Self {
        Self {
            value: None,
            error: None,
            loading: false,
        }
    }
}

impl<T> Loadable<T> {
    /// A newer value was asked for.
    pub(crate) fn begin(&mut self) {
        self.loading = true;
    }

    /// A newer value came.
    pub(crate) fn succeed(&mut self, value: T) {
        *self = Self {
            value: Some(value),
            error: None,
            loading: false,
        };
    }

    /// A newer value did not come; the last one stays.
    pub(crate) fn fail(&mut self, error: Error) {
        self.error = Some(error);
        self.loading = false;
    }

    /// The last value.
    pub(crate) fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// Why the last attempt failed, if it did.
    pub(crate) fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// Whether a newer value is on its way.
    pub(crate) fn is_loading(&self) -> bool {
        self.loading
    }
}

#[cfg(test)]
mod tests {
    use parallax_core::error::ErrorKind;

    use super::*;

    #[test]
    fn a_failed_refresh_keeps_the_last_value_and_says_why() {
        let mut it = Loadable::default();
        it.begin();
        it.succeed(7);
        it.begin();
        it.fail(Error::new(ErrorKind::Timeout, "count"));
        assert_eq!((it.value(), it.is_loading()), (Some(&7), false));
        assert!(it.error().is_some());
    }
}
