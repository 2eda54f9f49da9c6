//! Carries the template of the route that served a request (`/v1/accounts/{id}`) out with the answer, for the meter.

use axum::extract::MatchedPath;
use axum::response::Response;
use futures_util::future::{MapOk, TryFutureExt as _};
use http::Request;
use std::task::{Context, Poll};
use tower::{Layer, Service};

/// Surrounds each route.
#[derive(Clone, Copy, Debug)]
pub struct Named;

impl<S> Layer<S> for Named {
    type Service = NamedRoute<S>;

    fn layer(&self, inner: S) -> NamedRoute<S> {
        NamedRoute(inner)
    }
}

/// A route whose answers carry its template.
#[derive(Clone, Debug)]
pub struct NamedRoute<S>(S);

type Naming = Box<dyn FnOnce(Response) -> Response + Send>;

impl<S, B> Service<Request<B>> for NamedRoute<S>
where
    S: Service<Request<B>, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = MapOk<S::Future, Naming>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let template = request.extensions().get::<MatchedPath>().cloned();
        let name: Naming = Box::new(move |mut response| {
            if let Some(template) = template {
                response.extensions_mut().insert(template);
            }
            response
        });
        self.0.call(request).map_ok(name)
    }
}
