"""An OpenAPI document of another API, translated to the API description of a component."""
