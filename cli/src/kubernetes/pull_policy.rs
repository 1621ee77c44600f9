//! When an image is fetched anew, in Kubernetes' own words: Istio and Envoy Gateway have them, too.

use pointsman_document::names;

names! {
    /// When an image is fetched anew.
    pub(crate) enum PullPolicy {
        /// When it is not there.
        IfNotPresent => "IfNotPresent",
        /// Always.
        Always => "Always",
    }
}
