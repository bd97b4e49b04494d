//! The custom resources of Barnabas and the generator of their YAML.
