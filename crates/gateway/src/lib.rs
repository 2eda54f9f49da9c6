//! REST, GraphQL and OpenAPI over the engine. Knows the registry, no domain.
