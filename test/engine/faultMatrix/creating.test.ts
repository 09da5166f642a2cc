import { testPart } from './testPart';

testPart('creating');
